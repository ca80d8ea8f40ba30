from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.alerts.libtorrent_failures import Failures
from engine_proc.libtorrent_adapter.alerts.libtorrent_resume_data import ResumeDataCopier
from engine_proc.session.alerts import ResumeData, ResumeUnsaved
from engine_proc.session.caps_port import Caps
from engine_proc.trackers.held_trackers import HeldTrackers
from tools.rig import payload

lt: Any = libtorrent  # the type stubs lack what the binding accepts
A, B = "a" * 40, "b" * 40


@pytest.fixture
def copier() -> ResumeDataCopier:
    """Expects A."""
    copier = ResumeDataCopier(HeldTrackers(), Failures([]), Caps())
    copier.expect(A)
    return copier


@pytest.fixture
def params(tmp_path: Path) -> Any:
    """Parameters without pieces."""
    return lt.load_torrent_buffer(payload.make(tmp_path, "set", {"": 8 * 65536}, piece_size=65536).metainfo)


def test_resume_data_that_is_made_too_early_is_not_stored(copier: ResumeDataCopier, params: Any) -> None:
    """It has no pieces yet, and would replace the data that has them."""
    assert copier.made(A, SimpleNamespace(params=params)) == ResumeUnsaved(A, None, early=True)
    copier.checked(A)
    assert isinstance(copier.made(A, SimpleNamespace(params=params)), ResumeData)


def test_other_resume_data_is_copied_at_once(copier: ResumeDataCopier, params: Any) -> None:
    """Of a torrent that was added without any, that has pieces, or whose metadata is not known."""
    assert isinstance(copier.made(B, SimpleNamespace(params=params)), ResumeData)
    params.have_pieces = [True] + [False] * 7
    made = copier.made(A, SimpleNamespace(params=params))
    assert isinstance(made, ResumeData)
    assert list(lt.read_resume_data(made.blob).have_pieces)[:2] == [True, False]
    magnet = lt.parse_magnet_uri(f"magnet:?xt=urn:btih:{A}")
    assert isinstance(copier.made(A, SimpleNamespace(params=magnet)), ResumeData)
