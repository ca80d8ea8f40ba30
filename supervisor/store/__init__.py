"""What must survive: the resume directory and what is in memory of it.

- The *catalogue* is the desired state, durable before a client hears OK; *stored records* are what a start reads,
  and *commits* are transactions on their way to the disk.
- An *identity* is what is known of a torrent's info-hashes; the *id index* finds torrents by them.
- The *warden* watches the resume directory, has changes refused while it cannot be written, and mends it after by the
  *differences* between disk and memory; the *watch* is the pure part of it; a *remedy* is what helps, in words.
- *Damage* is files that were put aside or cannot be read; the *shelf* lists and restores *damaged files*.
"""
