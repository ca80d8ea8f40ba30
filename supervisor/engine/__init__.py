"""One engine slot: its processes, its torrents, and the diagnosis of crashes.

- The *engine* is the interface of one slot, in which one process follows another. Other packages use only this module.
- A *fact* is something that an engine reports. All facts are passed to one callback, `emit`.
- *Admission* sends torrents to the engine, except those that are held back; the *post-mortem* examines and reports
  crashes.
- `process`: one OS process, the link to it, and its crash report.
- `life`: start, hang detection, restart, memory limit, and the warm spare.
- `torrents`: restore, observed state, and requests that wait for the engine.
- `poison`: the detection of torrents that crash the engine, and their isolation.

Imports run one way: engine, admission and post-mortem, `life` and `poison`, `torrents`, facts and `process`.
"""
