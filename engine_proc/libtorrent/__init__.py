"""The real side of the session port, and all that imports libtorrent. Nothing else does.

- The *session* adds and removes torrents; the *calls* are those about one torrent, by its handle.
- The *handles* say which of libtorrent's handles is which torrent; *hashes* are info-hashes as text.
- The *alerts* are libtorrent's notifications, copied into frozen values inside the pump; a *status* is a torrent's, and
  *problems* are what libtorrent and trackers say of failures.
- *Sources* are stored bytes and links, read under limits into `add_torrent_params`; the *params* say what is desired.
- The *files* are a torrent's; the *claims* are what resume data says is on the disk, and what of it has to be looked at
  before it is believed.
- *Settings* are checked against those that this libtorrent has; *peers* are those that it would not keep or call.
"""
