"""What developers run that is no test; each part is behind a script of the same name.

- `bench`: measures; `demo`: shows a download that outlives its engine.
- `spec`: generates the specification and checks codecs against it; `pins`: writes the hashes of what is installed.
- `systemd`: runs Ouzel's unit under a systemd of its own.
- `rig`: real daemons, seeds, trackers and torrents that all of these and the tests use.
- `engines`: engines that fail on purpose.

Nothing here is part of the product, and nothing here imports tests.
"""
