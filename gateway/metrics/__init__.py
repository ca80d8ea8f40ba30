"""Metrics for Prometheus and other monitoring systems, in the format OpenMetrics.

- A *metric* is one row of a table: a name, a type, a help text, and a function that reads its samples.
- A *sample* is a value with the values of the metric's labels. Each combination of labels is a *series*.
- A *scrape* is one request of a monitoring system. The gateway then asks the daemon.
- A *reading* is what the daemon has answered for one scrape.
"""
