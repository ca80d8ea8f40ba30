"""The durable state: the resume directory and its content in memory.

- The *catalogue* is the desired state, durable before a client gets OK. *Stored records* are read at the start;
  *commits* are transactions that are being written.
- An *identity* is the known info-hashes of a torrent; the *id index* finds torrents by info-hash.
- The *warden* watches the resume directory, has changes refused while the directory cannot be written, and afterwards
  repairs the *differences* between disk and memory. The *watch* is the warden's pure part. A *remedy* is a text that
  says what people can do.
- *Damage* lists files that were put aside or cannot be read; the *shelf* lists and restores *damaged files*.
"""
