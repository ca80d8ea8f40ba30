"""`scripts/check-metrics`: gives the metrics, the alerting rules and the dashboard to the programs of Prometheus.

- *promtool* reports names and types that break the conventions of Prometheus, and runs the unit tests of the rules.
- The *day* is a sequence of transfers and faults at a real daemon, while a real Prometheus scrapes it.
- `dashboard` has the tables of panels and alerts.
"""
