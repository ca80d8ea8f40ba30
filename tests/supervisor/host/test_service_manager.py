import gc
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.host.service_manager import UNSENT_MAX, ServiceManager


class Manager:
    """A fake systemd socket, and the received messages."""

    def __init__(self, name: str, bound: str) -> None:
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(bound)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """All received messages; sent ones arrive at once."""
        found = []
        try:
            while True:
                found.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return found


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    """On a path, and on an abstract name as in containers."""
    if request.param == "path":
        name = bound = str(tmp_path / "n")
    else:
        unique = f"ouzel-test-{secrets.token_hex(8)}"
        name, bound = f"@{unique}", f"\0{unique}"
    manager = Manager(name, bound)
    yield manager
    manager.socket.close()


@pytest.fixture
def service(manager: Manager) -> Iterator[ServiceManager]:
    """The connection to the manager."""
    service = ServiceManager.of_environment({"NOTIFY_SOCKET": manager.name}, 1)
    yield service
    service.close()


def test_each_message_is_one_datagram(manager: Manager, service: ServiceManager) -> None:
    """As in sd_notify(3)."""
    service.ready()
    service.alive()
    service.reloading(123)
    service.extend(2.5)
    service.stopping()
    assert manager.heard() == [
        "READY=1",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=123",
        "EXTEND_TIMEOUT_USEC=2500000",
        "STOPPING=1",
    ]


def test_a_status_is_one_line_and_told_once(manager: Manager, service: ServiceManager) -> None:
    """A newline in it would begin another variable."""
    service.status("all is\nREADY=1 well")
    service.status("all is\nREADY=1 well")
    service.status("no more")
    assert manager.heard() == ["STATUS=all is READY=1 well", "STATUS=no more"]


def test_a_status_that_is_no_text_is_told(manager: Manager, service: ServiceManager) -> None:
    """It may contain a file's name with any bytes."""
    service.status("a\udcff is ignored")
    assert manager.heard() == ["STATUS=a? is ignored"]


def test_a_manager_that_does_not_read_is_not_waited_for(manager: Manager, service: ServiceManager) -> None:
    """Messages without room are sent later, in order; of very many, the latest."""
    sent = 2000
    for number in range(sent):
        service.status(f"{number}")
    early = manager.heard()
    assert early == [f"STATUS={number}" for number in range(len(early))]
    assert len(early) < sent - UNSENT_MAX
    service.ready()
    late = manager.heard()
    while late[-1] != "WATCHDOG=1":  # the socket has less room than there are waiting messages
        service.alive()
        late += manager.heard()
    waited = [f"STATUS={number}" for number in range(sent - UNSENT_MAX + 1, sent)]
    assert late[: UNSENT_MAX + 1] == [*waited, "READY=1", "WATCHDOG=1"]


def test_a_manager_that_is_gone_is_no_matter(manager: Manager, service: ServiceManager, tmp_path: Path) -> None:
    """Neither is a missing one."""
    manager.socket.close()
    service.ready()
    nobody = ServiceManager(str(tmp_path / "nobody"))
    nobody.ready()
    nobody.close()


def test_without_a_manager_nobody_is_told() -> None:
    """Also if there is a watchdog's variable, but no socket."""
    for environ in ({}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "1000000"}):
        service = ServiceManager.of_environment(environ, 1)
        assert not service.present
        assert service.watchdog_s is None
        service.ready()
        service.close()


def test_its_variables_are_taken_out_of_the_environment() -> None:
    """Children must not use them."""
    environ = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7", "HOME": "/"}
    service = ServiceManager.of_environment(environ, 7)
    assert (service.present, service.watchdog_s) == (True, 2.0)
    assert environ == {"HOME": "/"}
    service.close()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-1"},
        {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"},
    ],
)
def test_a_watchdog_that_is_off_or_anothers(environ: dict[str, str]) -> None:
    """WATCHDOG_PID names the watched process."""
    service = ServiceManager.of_environment({"NOTIFY_SOCKET": "@x", **environ}, 7)
    assert service.present
    assert service.watchdog_s is None
    service.close()


def test_nothing_is_told_once_it_is_closed(manager: Manager, service: ServiceManager) -> None:
    """And no descriptor is left open."""
    service.close()
    service.ready()
    assert manager.heard() == []
    gc.collect()
