"""Messages and helpers that only the supervisor and its engine use; clients never see them.

- The *link* carries *engine commands* to the engine and *engine events* to the supervisor, in batches. Each batch has
  the generation of the engine. A *query* is an engine command; the engine replies with an *answer*.
- The *flight recorder* is shared memory. An engine records in it what it is about to do. The supervisor reads the
  records after the engine's death.
- An *exit code* says why an engine process exited by itself.
- The *bounds* say where payload may be stored.
- *Nearest* suggests a known name for a misspelt name.
"""
