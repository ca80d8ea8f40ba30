from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from engine_proc.torrents.state.audit import AuditSchedule

TORRENTS = [f"t{number}" for number in range(8)]
CYCLE_S = 10.0


class AuditMachine(RuleBasedStateMachine):
    """Torrents that come and go while time passes, compared with when each was last checked."""

    @initialize(batch=st.integers(1, 5))
    def begin(self, batch: int) -> None:
        self.schedule = AuditSchedule(cycle_s=CYCLE_S, batch=batch)
        self.batch = batch
        self.now = 0.0
        self.looked_at: dict[str, float | None] = {}

    @rule(torrent=st.sampled_from(TORRENTS))
    def add(self, torrent: str) -> None:
        self.schedule.watch(torrent)
        self.looked_at[torrent] = None

    @rule(torrent=st.sampled_from(TORRENTS))
    def remove(self, torrent: str) -> None:
        self.schedule.discard(torrent)
        self.looked_at.pop(torrent, None)

    @rule(passed_s=st.floats(0, 2 * CYCLE_S))
    def wait(self, passed_s: float) -> None:
        self.now += passed_s

    @rule()
    def look(self) -> None:
        ripe = {torrent for torrent, at in self.looked_at.items() if at is None or self.now >= at + CYCLE_S}
        new = {torrent for torrent in ripe if self.looked_at[torrent] is None}
        due = self.schedule.due(self.now)
        assert len(set(due)) == len(due) == min(self.batch, len(ripe)), "each once, and as many as there may be"
        assert set(due) <= ripe, "none before its time, none that is gone"
        assert set(due) <= new or new <= set(due), "those that were never looked at come first"
        self.looked_at |= dict.fromkeys(due, self.now)


TestAudit = AuditMachine.TestCase
