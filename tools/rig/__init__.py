"""The rig: real payloads, real seeds and real daemons that tests, the demo and the benchmarks stand on.

Everything stays on loopback and in one temporary directory. Nothing here is part of the product.
"""
