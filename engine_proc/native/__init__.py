"""The real side of the session port, and all that imports libtorrent. Nothing else does.

- The *session* calls libtorrent; the *alerts* are its notifications, copied into frozen values inside the pump.
- The *params* are libtorrent's `add_torrent_params`, made of desired state and stored bytes.
- The *claims* are what resume data says is on the disk, and what of it has to be looked at before it is believed.
"""
