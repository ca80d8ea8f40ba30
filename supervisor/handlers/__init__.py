"""What a finding of one part means for the others. The parts do not know each other; handlers do.

- The *engine handler* is given the facts of one engine, the *resume directory handler* those of the store.
- The *config handler* reads configurations and brings them into force.
- The *places handler* says how bad it is what is wrong with directories and keys.
- *Announcements* are events of torrents as they are published; what has to go with each is done there.
- The *clock* does what is done every second.

A handler has no state but what it takes to do that.
"""
