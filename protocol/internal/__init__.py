"""Messages and helpers that only the supervisor and its engine use; clients never see them.

- The *link* carries *engine commands* to the engine and *engine events* to the supervisor, in batches with the
  generation. A *query* is an engine command that is answered by an *answer*.
- The *flight recorder* is shared memory in which an engine records what it is about to do. The supervisor reads it
  after the engine's death.
- An *exit code* says why an engine process exited by itself.
- The *bounds* say where payload may be stored.
- *Nearest* suggests a known name in place of a misspelt one.
"""
