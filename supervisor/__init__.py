"""The supervisor process. It supervises one engine, stores desired state, and answers clients even without an engine.

- `requests` answers each request frame with one reply; `commands` has reads and mutations.
- `payload` has the files of torrents and their download roots; `pacing` has back-off and token buckets.
- `engine` runs one engine process, and finds the torrents that crash it.
- `health` has current problems; `totals` has lifetime transfer totals.
- `access` authenticates clients on tcp; `events` is the numbered event log; `store` is durable state.
- `config` has the settings in force; `transport` is ZeroMQ on the loop; `log` writes lines to stderr.
- `host` is the machine and its service manager; `concurrency` has threads, background tasks and locks.
- `mediators` pass reports of one part to other parts; `wiring` constructs and connects the parts.
- `hooks` runs programs and HTTP requests on events; `watch_folders` adds torrents from folders.
- The *service* runs all parts on one asyncio loop; `config_check` reports problems that prevent a start.

Imports run one way; pyproject.toml has the order of the folders. No module here imports libtorrent. Code on the loop
never waits for a disk or for the engine.
"""
