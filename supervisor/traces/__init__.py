"""Traces of requests: which part of the daemon took how long. docs/traces.md describes the spans.

- A *span* is a timed part of a request: the whole request, a durable write, a query, or a change in the engine.
- A *trace* is a tree of spans. The client's span is the root, if the client has one.
- *Traces* holds the ended spans in memory until an exporter reads them by `get_spans`. Without an exporter no span is
  made.
"""
