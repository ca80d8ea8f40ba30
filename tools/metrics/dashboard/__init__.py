"""The Grafana dashboard `packaging/grafana/ouzel.json`, and the rules `packaging/prometheus`, from tables.

- A *panel* is one picture with its queries. A *row* is a titled group of panels.
- An *alert* is a query, a duration and texts.
- The *scenarios* of an alert are series for which the alert must fire, and series for which it must not fire.

`scripts/spec` writes the files.
"""
