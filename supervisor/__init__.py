"""The supervisor process: supervises one engine, stores desired state, and answers clients also while no engine runs.

- `requests`: a frame to its one reply; `commands`: reads and mutations.
- `payload`: the files of torrents and their download roots.
- `engine`: one engine: its process and its life, its torrents, and the detection of poison torrents.
- `health`: current problems; `totals`: lifetime transfer totals.
- `access`: authentication on tcp; `events`: the numbered event log; `store`: durable state.
- `config`: the settings in force; `transport`: ZeroMQ on the loop; `log`: lines on stderr.
- `host`: the machine and the service manager; `concurrency`: threads, background tasks and locks.
- The *service* wires all of it to one asyncio loop; `config_check` reports what would keep it from starting.

Imports run one way: service, requests, commands, payload, engine, health and totals, access, events, store, config,
transport, host, concurrency, log. Nothing here imports libtorrent, and nothing blocks the loop on a disk or on the
engine.
"""
