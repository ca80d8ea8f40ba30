"""Checks of torrents in the session, each with the repair of what it finds.

- The *auditor* compares a torrent's actual state with its desired state, and applies the differences.
- The *verifier* hashes a torrent's files again, because another torrent writes to these files.
"""
