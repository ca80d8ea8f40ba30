"""The session port, and the handling of its alerts. No libtorrent.

- The *session port* (`LibtSession`) is all that Ouzel needs of libtorrent, with one real and one fake side.
- The *session settings* are Ouzel's defaults over libtorrent's, and the validation of a configuration.
- An *alert* is a native notification as a frozen value.
- The *translator* turns alerts into engine events and into *orders*, what the loop shall do next. It is pure; so is
  *progress*, and so are *metadata events*, told once a torrent's files are known.
- The *outbox* has events on their way; the *coalescer* holds progress back to ten a second for each torrent.
- *Statistics* are the session's rates; the *update schedule* says when libtorrent is asked what has changed.
- A *fault* is a failure of one torrent's call; a *recorded* session notes each call in the flight recorder.
"""
