"""The implementation of the session port with libtorrent. No other package imports libtorrent.

- The *session* adds and removes torrents; the *calls* act on one torrent by its handle.
- The *handles* map libtorrent's handles to torrent ids and back; *hashes* are info-hashes as text.
- The *alerts* are libtorrent's notifications, copied into frozen values inside the pump. The *alert inbox* queues
  alerts that the session itself makes. A *status* describes a torrent. *Problems* are error messages of libtorrent and
  trackers.
- *Sources* are stored bytes and links, parsed with limits into `add_torrent_params`. The *params* are then changed to
  the desired state.
- The *files* are a torrent's paths and sizes. The *claims* are the pieces that resume data lists as complete. Some
  claims have to be verified first.
- *Settings* are checked against the settings of this libtorrent version. *Peers* has workarounds for two defects of
  libtorrent's. *Peer info* is libtorrent's description of a peer.
"""
