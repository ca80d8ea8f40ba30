"""The supervisor process: keeps one engine alive, remembers what clients asked for, and answers them without a pause.

- `requests`: a frame to its one reply; `commands`: what clients can ask, reads and mutations.
- `payload`: the files of torrents and the download roots that they are in.
- `engine`: one engine: its process, its life, what it was given and has said, which torrents crash it.
- `health`: what is wrong; `totals`: what was moved over lifetimes.
- `access`: who may use the service over tcp; `events`: the numbered log of events; `store`: what must survive.
- `config`: the settings in force; `transport`: ZeroMQ on the loop; `log`: lines on stderr.
- `host`: the machine and the service manager; `concurrency`: threads, background tasks and locks.
- `pacing`: how soon and how often something may happen again.
- `handlers`: what a finding of one part means for the others; `wiring`: which parts there are and know each other.
- The *service* runs all of it on one asyncio loop; `config_check` says what would keep it from starting.

Imports run one way: service, wiring, handlers and requests, commands, payload, engine, health and totals, access,
events, store, config, transport, host, concurrency, log, pacing. Nothing here imports libtorrent, and nothing waits for
a disk or for the engine on the loop.
"""
