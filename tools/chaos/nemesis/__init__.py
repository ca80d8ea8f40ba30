"""The nemesis: plays faults, one after the other.

- A *fault* is a function that disturbs the world, observes the effect, and undoes the disturbance.
- The *registry* lists all faults.
- A fault *bites* when its effect is observed. A fault that never bites makes the run invalid.
- An *evident* fault looks like a defect of a torrent. After such a fault the nemesis waits, because the daemon's search
  for poison torrents assumes that crashes have one cause (ADR 016).
"""
