"""What must survive: the resume directory and its content in memory.

- The *catalogue* is the desired state, durable before a client hears OK; *stored records* are what a start reads,
  and *commits* are transactions on their way to the disk.
- An *identity* is what is known of a torrent's info-hashes; the *id index* finds torrents by them.
- The *warden* watches the resume directory, has changes refused while it cannot be written, and repairs it afterwards
  by the *differences* between disk and memory; the *watch* is the pure part of it; a *remedy* is a text for people.
- *Damage* lists files that were put aside or cannot be read; the *shelf* lists and restores *damaged files*.
"""
