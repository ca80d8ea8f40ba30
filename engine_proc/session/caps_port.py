"""The part of the session port about caps: limits in addition to a torrent's own limits."""

from typing import Final, NamedTuple, Protocol


class Limits(NamedTuple):
    """A download and an upload limit in bytes per second; 0 means no limit."""

    download_bps: int = 0
    upload_bps: int = 0


NO_LIMITS: Final = Limits()


class CapsPort(Protocol):
    """The calls of a libtorrent session about caps. `LibtSession` says which errors they may raise."""

    def cap_limits(self, torrent: str, own: Limits, cap: Limits) -> None:
        """Sets the cap of a torrent's limits. The smaller of the own limit and the cap is in force.

        The torrent need not be in the session yet. If it is added later, the cap is in force from the start. `applied`
        and `observed` return the own limits while the limits in force are right. Resume data has the own limits.
        Without caps, the session stores nothing about the torrent.
        """
        ...


def smaller(own: Limits, cap: Limits) -> Limits:
    """Returns the limits that are in force."""
    return Limits(
        min(own.download_bps or cap.download_bps, cap.download_bps or own.download_bps),
        min(own.upload_bps or cap.upload_bps, cap.upload_bps or own.upload_bps),
    )


class Caps:
    """The caps of one session, by torrent."""

    def __init__(self) -> None:
        self._own: dict[str, Limits] = {}
        self._caps: dict[str, Limits] = {}

    def put(self, torrent: str, own: Limits, cap: Limits) -> Limits:
        """Stores the own limits and the cap of a torrent. Returns the limits that are in force."""
        if cap == NO_LIMITS:
            self._own.pop(torrent, None)
            self._caps.pop(torrent, None)
            return own
        self._own[torrent], self._caps[torrent] = own, cap
        return smaller(own, cap)

    def put_own(self, torrent: str, own: Limits) -> Limits:
        """Changes the own limits of a torrent. Returns the limits that are in force."""
        return self.put(torrent, own, self._caps.get(torrent, NO_LIMITS))

    def in_force(self, torrent: str) -> Limits | None:
        """The limits of a torrent with a cap. None if the torrent has no cap."""
        own = self._own.get(torrent)
        return None if own is None else smaller(own, self._caps[torrent])

    def own(self, torrent: str, found: Limits) -> Limits:
        """The own limits if `found` is in force. Otherwise, returns `found`."""
        own = self._own.get(torrent)
        return found if own is None or found != smaller(own, self._caps[torrent]) else own

    def own_of(self, torrent: str) -> Limits | None:
        """The own limits of a torrent with a cap. None if the torrent has no cap."""
        return self._own.get(torrent)
