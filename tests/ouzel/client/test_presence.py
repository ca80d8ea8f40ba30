"""Whether a process listens at a daemon's socket."""

import socket
from pathlib import Path

import pytest

from ouzel.client.presence import Place
from ouzel.errors import NotRunning


def test_the_default_is_the_protocols(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Client and daemon use the same rule."""
    monkeypatch.setenv("OUZEL_PATHS_RUNTIME_DIR", str(tmp_path))
    assert Place.of(None) == Place.of(tmp_path)
    assert Place.of(tmp_path).events == f"ipc://{tmp_path}/events.ipc"


def test_a_listener_is_somebody_and_its_full_queue_too(tmp_path: Path) -> None:
    """The probe does not wait."""
    place = Place.of(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.socket))
        listener.listen(0)
        for _ in range(5):
            place.check()
        assert "said nothing for 3 s" in str(place.gone(3))
    with pytest.raises(NotRunning, match="refused"):
        place.check()
    assert "refused" in str(place.gone(3))
