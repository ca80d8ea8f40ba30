"""Chaos: traffic and faults against a real daemon, a recorded history, and an offline checker.

- A *plan* has all operations and faults of a run. It is made from one random seed.
- *Traffic* is the operations of clients. The *nemesis* plays the faults.
- The *history* is a file with what happened: one JSON document in each line. It begins with the plan, so a run can be
  repeated.
- The *observer* samples processes, and reads the state of daemon and disk at checkpoints.
- The *checker* reads only the history. It finds violations of the invariants.
- *Shrinking* repeats a failing run with fewer operations and faults.

docs/chaos.md has the faults and the invariants.
"""
