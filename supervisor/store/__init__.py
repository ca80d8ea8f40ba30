"""The durable state: the resume directory and its content in memory.

- The *catalogue* is the desired state, durable before a client gets OK. *Stored records* are read at the start;
  *commits* are transactions that are being written.
- An *identity* is the known info-hashes of a torrent; the *id index* finds torrents by info-hash.
- The *warden* watches the resume directory, has changes refused while it cannot be written, and repairs it afterwards
  by the *differences* between disk and memory. The *watch* is its pure part; a *remedy* is a text for people.
- *Damage* lists files that were put aside or cannot be read; the *shelf* lists and restores *damaged files*.
"""
