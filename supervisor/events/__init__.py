"""Lifecycle events: numbered, kept for replay, published, logged.

- The *event log* numbers events and keeps the latest for replay; an *event frame* is one as it goes out.
- The *publisher* sends them to those who listen; *subscriptions* are who listens to which topics.
- The *event logger* writes *event lines*, what the log on stderr tells of events.
"""
