"""The durable state: the resume directory, and its content in memory.

- The *catalogue* is the desired state, in memory and on disk. *Stored records* are read at the start. *Commits* write
  transactions. *Record writes* roll back failed writes, and know which records are in doubt.
- An *identity* is the known info-hashes of a torrent. The *id index* finds torrents by info-hash.
- The *warden* watches the resume directory, and repairs *differences* between disk and memory. The *watch* is the
  warden's pure part. A *remedy* is a text that says what people can do.
- *Damage* lists files that were put aside or cannot be read. The *shelf* restores *damaged files*.
"""
