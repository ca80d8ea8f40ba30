"""What the supervisor and one engine process share, and no client sees.

- The *link* carries *engine commands* down and *engine events* up, in batches with the generation.
- The *resume directory* is the set of files that both processes share; `durable` is the only way to write there, the
  *recycler* overwrites replaced files, and *integrity* verifies checksums.
- The *flight recorder* is shared memory in which an engine records what it is about to do; it is read after a crash.
- The *bounds* are the directories in which payload may be.
- *Nearest* suggests a known name for an unknown one.
"""
