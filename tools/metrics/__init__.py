"""`scripts/check-metrics`: gives the metrics of a real daemon to `promtool`.

`promtool` is a program of Prometheus. It reports names and types that break the conventions of Prometheus.
"""
