"""Start, hang detection and restart: keeps one engine running.

- The *lifecycle* is a pure machine that decides when engines start and end.
- The *restart policy* has back-off and budget. *Engine health* is the text in `health` about an engine's death.
- The *keeper* performs the lifecycle's actions on processes and timers. A *spare* is the warm standby.
- The *pulse* is the liveness check by heartbeats. The *pulse watch* feeds the pulse.
- The *memory watch* measures the engine's memory. The *memory guard* decides whether it is too much.
- The *renewal* replaces an engine if its sandbox does not *cover* all required directories.
"""
