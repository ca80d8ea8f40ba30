"""What the supervisor and one engine process share, and no client sees.

- The *link* carries *engine commands* down and *engine events* up, in batches with the generation; a *query* is a
  command that an *answer* follows.
- The *resume directory* is the set of files that both processes share; `durable` is the only way a file there is
  written, the *recycler* overwrites replaced ones, and *integrity* says by checksums which bytes can be trusted.
- The *flight recorder* is memory where an engine notes what it is about to do; it is read when the engine is dead.
- An *exit code* says why one of the engine's processes ended itself.
- The *bounds* say where payload may be.
- *Nearest* is the known name that a wrong one was probably meant to be.
"""
