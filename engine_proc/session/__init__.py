"""The session port, and the handling of its alerts. No module here imports libtorrent.

- The *session port* (`LibtSession`) is the interface to libtorrent; *peer sources* are a part of it. It has a real
  implementation, and a fake one for tests.
- The *session settings* are Ouzel's defaults, which override libtorrent's, and the validation of a configuration.
- An *alert* is a notification of libtorrent, copied into a frozen value.
- The *translator* turns alerts into engine events, and into *orders*, which the loop executes next. *Metadata events*
  are sent once a torrent's files are known. These modules and *progress* are pure.
- The *outbox* queues events to the supervisor. The *coalescer* limits progress to ten events a second for each torrent.
- *Statistics* are the session's rates. The *update schedule* decides when libtorrent is asked for changed torrents.
- A *fault* is an unexpected error of a call about one torrent. A *recorded* call is noted in the flight recorder.
"""
