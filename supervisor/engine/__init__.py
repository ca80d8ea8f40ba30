"""One engine slot: the processes, the torrents, and the diagnosis of crashes.

- The *engine* is the interface of one slot. Other packages use only this module.
- A *fact* is something that an engine reports. All facts are passed to one callback, `emit`.
- *Admission* sends torrents to the engine. A *burst* delays the loads of many adds. The *post-mortem* examines and
  reports crashes. The *upkeep* is done every second.
- `process` has one OS process, the link to this process, and crash reports.
- `life` keeps a process running.
- `torrents` has the observed state, and restores torrents into a new process.
- `poison` finds torrents that crash the engine.

Imports run one way: engine, upkeep, admission and post-mortem, `life` and `poison`, `torrents`, burst, facts and
`process`.
"""
