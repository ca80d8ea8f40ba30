"""The supervisor process: keeps one engine alive, remembers what clients asked for, and answers them without a pause.

- The *catalogue* is the desired state, durable before a client hears OK.
- The *snapshot* is the observed state, the latest that an engine told; all reads are answered from it.
- The *event log* numbers lifecycle events and keeps the latest for replay.
- The *lifecycle* is a pure machine: what becomes of the engine when it is ready, dies, or is not wanted any more.
- The *restart policy* is its back-off and budget; *health* is what is wrong, by component and subject.
- The *keeper* performs the lifecycle's actions on a *child*, one engine process; a *spare* is the next one, ready.
- The *totals* are what torrents and the session have moved over their lives, and for how long; an *estimate* is when a
  download will be complete.
- The *pulse* tells whether the engine hangs, the *memory guard* whether it is too large; the *kill ladder* ends it.
- The *flight* is what a dead engine was doing; a *crash report* keeps it for people, with stacks and last words.
- The *isolation* keeps torrents that crash the engine away from it; a *case* is what it has found out about crashes.
- An *acceptance* is a mutation that is durable; those of the last ten minutes are remembered, so that repeats are told.
- An *identity* is what is known of a torrent's info-hashes; the *merger* makes one of records that are of one torrent.
- A *hindrance* is why a torrent does not move; *trackers* is what each tracker of every torrent has said last.
- *Shared files* are those that several torrents have; a *place* is where a torrent lies.
- The *engine link* carries commands down and events up; *reads* and *mutations* are what clients can ask.
- The *metadata keeper* has records say what torrents are; the *describer* asks what is stored of those not loaded.
- The *warden* watches the resume directory, has changes refused while it cannot be relied on, and mends it afterwards.
- The *shelf* is what was put aside as damaged; a change is *in doubt* while the disk may hold it though it failed.
- The *reloader* brings a changed configuration into force; the *restorer* gives a new engine its torrents.
- The *event logger* writes *event lines*, what the log tells of events; the *form* is how lines look, a *line budget*
  how many of one name there may be.
- The *service manager*, systemd or another, hears how the service is, and by the *self-check* that it answers.
- The *service* wires all of it to one asyncio loop.

Nothing here imports libtorrent, and nothing here waits for a disk or for the engine on the loop.
"""
