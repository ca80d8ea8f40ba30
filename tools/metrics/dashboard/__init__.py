"""The Grafana dashboard `packaging/grafana/ouzel.json`, and the rules `packaging/prometheus`, from tables.

- A *panel* is one picture with its queries. A *row* is a titled group of panels.
- An *alert* is a query, a duration and texts. Its *scenarios* are series for which it fires, and for which it does not.

`scripts/spec` writes the files.
"""
