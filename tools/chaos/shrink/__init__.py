"""Shrinking: a failing run is repeated with fewer faults and operations, as long as it fails in the same way.

The method is delta debugging (Zeller). Real processes are not deterministic. So a smaller plan counts as passing only
after it has passed a few times.
"""
