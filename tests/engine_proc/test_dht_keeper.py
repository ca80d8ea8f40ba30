import itertools
from pathlib import Path

from engine_proc.dht_keeper import CYCLE_S, FIRST_S, DhtKeeper
from engine_proc.resume.resume_store import FastResumeStore
from protocol.durable.resume_dir import ResumeDir
from tests.fakes.fake_session import FakeSession


class Kept:
    """A keeper at time 0 over the fake session and real files."""

    def __init__(self, directory: Path) -> None:
        self.dir = ResumeDir(directory)
        self.dir.make_engine_dir()
        self.store = FastResumeStore(self.dir)
        self.session = FakeSession()
        self.keeper = DhtKeeper(self.session, self.store, 0.0)

    def close(self) -> None:
        """Waits until everything is written."""
        self.store.close()
        self.session.close()

    def next_session(self) -> bytes | None:
        """What a session of the next engine has loaded."""
        self.close()
        following = Kept(self.dir.root)
        following.keeper.load()
        following.close()
        return following.session.dht


def test_the_state_is_saved_now_and_then(tmp_path: Path) -> None:
    """First soon, then less and less often."""
    kept, saved = Kept(tmp_path), []
    for second in range(int(4 * CYCLE_S)):
        kept.session.dht = str(second).encode()
        before = kept.keeper._due
        kept.keeper.tick(float(second))
        if kept.keeper._due != before:
            saved.append(second)
    assert saved[:4] == [FIRST_S, 3 * FIRST_S, 7 * FIRST_S, 15 * FIRST_S]
    assert max(after - before for before, after in itertools.pairwise(saved)) == CYCLE_S
    assert kept.next_session() == str(saved[-1]).encode()


def test_a_dht_without_nodes_replaces_nothing(tmp_path: Path) -> None:
    """As when it is off, or has just been started."""
    kept = Kept(tmp_path)
    kept.session.dht = b"nodes"
    kept.keeper.save()
    kept.session.dht = None
    kept.keeper.save()
    assert kept.next_session() == b"nodes"


def test_without_a_sound_state_nothing_is_loaded(tmp_path: Path) -> None:
    """A missing file, a damaged one, and one that cannot be read."""
    kept = Kept(tmp_path)
    kept.keeper.load()
    kept.dir.dht.write_bytes(b"damaged")
    kept.keeper.load()
    kept.dir.dht.unlink()
    kept.dir.dht.mkdir()
    kept.keeper.load()
    assert kept.session.dht is None
    kept.close()
