"""Notifications of the service manager."""

import socket
from pathlib import Path

import pytest

from gateway.service_manager import notify


def test_a_state_is_one_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the socket that the environment names."""
    monkeypatch.chdir(tmp_path)  # a short path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("notify")
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", "notify")
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@ouzel-nobody"])
def test_without_a_manager_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service does not depend on it."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")
