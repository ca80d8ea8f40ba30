"""Keeps the state of the DHT in a file. Later engines learn nodes from this file."""

from typing import Final

from engine_proc.process.log import log
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.session_port import LibtSession
from protocol.durable.integrity import Damaged

FIRST_S: Final = 5.0
"""The delay of the first save. Each following delay is twice as long, up to `CYCLE_S`."""
CYCLE_S: Final = 600.0


class DhtKeeper:
    """Keeps the state of one session's DHT. Times are monotonic seconds."""

    def __init__(self, session: LibtSession, store: FastResumeStore, now: float) -> None:
        self._session = session
        self._store = store
        self._delay_s = FIRST_S
        self._due = now + FIRST_S

    def load(self) -> None:
        """Loads the stored state into the session. If the file is missing or damaged, the DHT bootstraps as usual."""
        try:
            state = self._store.load_dht()
        except (Damaged, OSError) as error:
            log("warning", "dht_state_not_read", problem=str(error))
        else:
            if state is not None:
                self._session.load_dht(state)

    def tick(self, now: float) -> None:
        """Saves the state if a save is due. Waits for libtorrent, so call it just after libtorrent has answered."""
        if now >= self._due:
            self._delay_s = min(2 * self._delay_s, CYCLE_S)
            self._due = now + self._delay_s
            self.save()

    def save(self) -> None:
        """Starts to save the state. Does nothing if the DHT is off or knows no nodes."""
        state = self._session.dht_state()
        if state is not None:
            self._store.save_dht(state)
