"""The export of traces by OpenTelemetry's protocol over HTTP, for the extra `traces`.

- A *source* has ended spans: the daemon, or the gateway itself.
- The *exporter* collects the spans of both sources, and sends them to a *receiver* such as a collector.
- Spans that cannot be sent are dropped and counted. The interfaces are not affected.
"""
