"""The supervisor process: supervises one engine, stores desired state, and answers clients also while no engine runs.

- `requests`: answers each request frame with one reply; `commands`: reads and mutations.
- `payload`: the files of torrents and their download roots.
- `engine`: one engine: its process and its life, its torrents, and the detection of poison torrents.
- `health`: current problems; `totals`: lifetime transfer totals.
- `access`: authentication on tcp; `events`: the numbered event log; `store`: durable state.
- `config`: the settings in force; `transport`: ZeroMQ on the loop; `log`: lines on stderr.
- `host`: the machine and the service manager; `concurrency`: threads, background tasks and locks.
- `pacing`: back-off and token buckets.
- `mediators`: pass on the reports of each part to the other parts; `wiring`: constructs the parts and connects them.
- The *service* runs all parts on one asyncio loop; `config_check` reports what would keep the daemon from starting.

Imports run one way: service, wiring, mediators and requests, commands, payload, engine, health and totals, access,
events, store, config, transport, host, concurrency, log, pacing. No module here imports libtorrent. Code on the loop
never waits for a disk or for the engine.
"""
