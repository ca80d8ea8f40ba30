"""Notifies the service manager by the protocol of sd_notify(3)."""

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Sends a state such as `READY=1` to the service manager, if there is one. Does not block and never fails."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(state.encode(), name)
