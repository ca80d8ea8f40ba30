from pathlib import Path

import pytest

from tools.rig.daemon import Daemon
from tools.spec.sessions import SESSIONS, Player

pytestmark = pytest.mark.process


@pytest.mark.parametrize("session", sorted(SESSIONS.glob("*.json")), ids=lambda path: path.stem)
def test_a_real_daemon_answers_as_the_transcript_says(root: Path, session: Path) -> None:
    """This proves that the transcripts are true."""
    with Daemon(root / "d") as daemon, Player(daemon) as player:
        player.play(session)
