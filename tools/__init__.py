"""Developer tools that are not tests. Most parts have a script of the same name.

- `bench`: the benchmarks. `demo`: a demonstration of a download that survives the engine's death.
- `spec`: generates the specification and checks codecs against it. `pins`: writes the hashes of all dependencies.
- `systemd`: tests Ouzel's unit under systemd in a container.
- `rig`: real daemons, seeds, trackers and torrents. The other tools and the tests use them.
- `engines`: engines that fail on purpose.

No tool is part of the product. No tool imports tests.
"""
