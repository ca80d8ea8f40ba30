"""The supervisor process: supervises one engine, stores desired state, and answers clients also while no engine runs.

- `requests`: a frame to its one reply; `commands`: reads and mutations.
- `payload`: the files of torrents and their download roots.
- `engine`: one engine: its process and its life, its torrents, and the detection of poison torrents.
- `health`: current problems; `totals`: lifetime transfer totals.
- `access`: authentication on tcp; `events`: the numbered event log; `store`: durable state.
- `config`: the settings in force; `transport`: ZeroMQ on the loop; `log`: lines on stderr.
- `host`: the machine and the service manager; `concurrency`: threads, background tasks and locks.
- `pacing`: how soon and how often something may happen again.
- `handlers`: what a finding of one part means for the others; `wiring`: which parts there are and know each other.
- The *service* runs all of it on one asyncio loop; `config_check` says what would keep it from starting.

Imports run one way: service, wiring, handlers and requests, commands, payload, engine, health and totals, access,
events, store, config, transport, host, concurrency, log, pacing. Nothing here imports libtorrent, and nothing waits for
a disk or for the engine on the loop.
"""
