"""Start, hang, restart: what keeps one engine running.

- The *lifecycle* is a pure machine: what becomes of the engine when it is ready, dies, or is not wanted any more.
- The *restart policy* is its back-off and budget; *engine health* is what health says of it.
- The *keeper* performs the lifecycle's actions on processes and timers; a *spare* is the next engine, ready.
- The *pulse* judges by heartbeats whether the engine hangs, and the *pulse watch* feeds it.
- The *memory guard* says whether the engine is too large; the *memory watch* looks, and has it replaced.
- The *renewal* replaces an engine whose sandbox does not *cover* the places that it should.
"""
