"""Requests that wait for the engine's confirmation."""

import asyncio

from protocol.wire.errors import ErrorKind, OuzelError

Subject = str | None
"""A torrent, or None for the settings of the engine's session."""


class Waiters:
    """Lets requests wait until an engine has confirmed a revision."""

    def __init__(self) -> None:
        self._waiting: dict[Subject, list[tuple[int, asyncio.Future[None]]]] = {}

    async def applied(self, subject: Subject, revision: int) -> None:
        """Waits until libtorrent has confirmed a revision of a subject, or a later revision. Raises OuzelError."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (revision, future)
        self._waiting.setdefault(subject, []).append(entry)
        try:
            await future
        finally:
            if entry in self._waiting.get(subject, []):
                self._waiting[subject].remove(entry)

    def confirm(self, subject: Subject, revision: int, problem: str | None = None) -> None:
        """Ends all waits for this revision and earlier revisions.

        Without a problem, the revision was applied. Otherwise it was refused.
        """
        waiting = self._waiting.pop(subject, None)
        if not waiting:
            return
        later = [entry for entry in waiting if entry[0] > revision]
        if later:
            self._waiting[subject] = later
        for wanted, future in waiting:
            if wanted > revision or future.done():
                continue
            if problem is None:
                future.set_result(None)
            else:
                future.set_exception(OuzelError(ErrorKind.ENGINE_REFUSED, problem))

    def refuse(self, subject: Subject, error: OuzelError) -> None:
        """Ends all waits for a subject. The waiting requests get this error."""
        for _, future in self._waiting.pop(subject, []):
            if not future.done():
                future.set_exception(error)
