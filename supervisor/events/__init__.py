"""Lifecycle events: numbered, stored for replay, published, logged.

- The *event log* numbers events and stores the latest events for replay. An *event frame* is an encoded event.
- The *publisher* sends events to subscribers. *Subscriptions* are the topic prefixes of each connection.
- The *event logger* writes *event lines*, the log lines of events.
"""
