"""Start, hang detection and restart: keeps one engine running.

- The *lifecycle* is a pure machine: it decides what to do when the engine is ready, dies, or has to stop.
- The *restart policy* is its back-off and budget; *engine health* is the text with which `health` reports an engine's
  death.
- The *keeper* performs the lifecycle's actions on processes and timers; a *spare* is the warm standby.
- The *pulse* is the liveness check by heartbeats; the *pulse watch* feeds it.
- The *memory guard* decides whether the engine uses too much memory; the *memory watch* measures, and recycles it.
- The *renewal* replaces an engine whose sandbox does not *cover* all directories that it should.
"""
