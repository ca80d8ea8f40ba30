"""Shrinking: a failing run is repeated with fewer faults and operations, as long as it fails in the same way.

The method is delta debugging (Zeller). Real processes are not deterministic, so a part is repeated a few times before
it counts as passing.
"""
