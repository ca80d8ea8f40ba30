"""What the supervisor and one engine process share, and no client sees.

- The *link* carries *engine commands* down and *engine events* up, in batches with the generation; a *query* is a
  command that an *answer* follows.
- The *flight recorder* is memory where an engine notes what it is about to do; it is read when the engine is dead.
- An *exit code* says why one of the engine's processes ended itself.
- The *bounds* say where payload may be.
- *Nearest* is the known name that a wrong one was probably meant to be.
"""
