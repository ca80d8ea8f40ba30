"""Nothing that was acknowledged is lost, whenever either process is killed."""

import json
import random
import secrets
from pathlib import Path

import pytest

from tools.rig.clients import mutator
from tools.rig.clients.moments import Moments, Target, restart_settings
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process

KILLS = 4


@pytest.mark.parametrize("target", ["engine", "supervisor"])
def test_what_was_acknowledged_is_there_after_a_kill_at_any_moment(root: Path, target: Target) -> None:
    """Changes of every kind are pipelined, and each is answered once. Only a dead supervisor leaves one unanswered."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown when it fails
    with (
        Daemon(root / "d", restart=restart_settings(KILLS)) as daemon,
        Moments(daemon, target, random.Random(seed)) as trial,
    ):
        moments = [trial.strike() for _ in range(KILLS)]
        last = trial.finish()
    assert [problem for moment in moments for problem in (*moment.losses, *moment.unapplied)] == []
    assert last == ([], [])
    assert [wrong for mutator in trial.mutators for wrong in mutator.wrong] == []
    assert all(moment.acknowledged for moment in moments)
    assert sum(mutator.too_many for mutator in trial.mutators) == 0
    assert target == "supervisor" or not any(moment.unanswered for moment in moments)


def test_the_next_supervisor_gets_no_earlier_request(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it could carry out a request after the comparison. Then a later comparison would find a loss."""
    with Daemon(root / "d") as daemon, Moments(daemon, "supervisor", random.Random(1)) as trial:

        def kill_with_unsent_requests() -> None:
            Daemon.kill(daemon)
            monkeypatch.setattr(mutator, "WINDOW", 2 * mutator.WINDOW)
            for each in trial.mutators:
                each.talk()

        monkeypatch.setattr(daemon, "kill", kill_with_unsent_requests)
        sent = [each.sent for each in trial.mutators]
        trial.strike()
        assert all(each.sent > before for each, before in zip(trial.mutators, sent, strict=True))
        assert sum(daemon.client.get_metrics().acks.counts) == 0


def test_a_loss_would_be_seen(root: Path) -> None:
    """The check detects a record that vanishes unnoticed, and one that changes."""
    with Daemon(root / "d") as daemon, Moments(daemon, "supervisor", random.Random(1)) as trial:
        trial.strike()
        engine = daemon.engine_pid()
        daemon.kill()
        until(lambda: not Path(f"/proc/{engine}").exists(), "the engine is gone, too")
        records = [path for path in daemon.resume_dir.glob("*.json") if path.name != "session.json"]
        lost, changed = [path for path in records if json.loads(path.read_bytes()).get("removal") is None][:2]
        lost.unlink()
        record = json.loads(changed.read_bytes())
        del record["checksum"]  # as an editor does
        changed.write_text(json.dumps(record | {"download_bps": 7}))
        daemon.start()
        losses, others = trial.finish()
    assert others == []
    assert sorted(losses) == sorted(
        [
            f"torrent {lost.stem} is not there",
            f"torrent {changed.stem} download_bps is 7, not {record['download_bps']}",
        ]
    )
