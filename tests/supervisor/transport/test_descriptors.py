import os
import socket
from pathlib import Path

from supervisor.transport.descriptors import Ends, ends_of, shut_down, shut_down_inode


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a tcp connection; ours is the second."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    return peer, ours


def test_both_ends_are_told() -> None:
    """In ZeroMQ's form of addresses."""
    peer, ours = pair()
    with peer, ours:
        found = ends_of(ours.fileno())
        assert found == Ends(
            f"tcp://127.0.0.1:{ours.getsockname()[1]}", "127.0.0.1", f"127.0.0.1:{peer.getsockname()[1]}"
        )


def test_a_local_peer_is_its_process(tmp_path: Path) -> None:
    """It has no address."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as peer:
        listener.bind(path)
        listener.listen()
        peer.connect(path)
        ours, _ = listener.accept()
        with ours:
            uid, pid = os.getuid(), os.getpid()
            assert ends_of(ours.fileno()) == Ends(f"ipc://{path}", f"uid {uid}", f"uid {uid}, pid {pid}")


def test_the_peer_sees_the_end() -> None:
    """The descriptor stays open, for its owner to close."""
    peer, ours = pair()
    with peer, ours:
        ends = ends_of(ours.fileno())
        assert ends is not None
        assert shut_down(ours.fileno(), ends)
        peer.settimeout(5)
        assert peer.recv(1) == b""
        os.fstat(ours.fileno())


def test_another_connection_under_the_number_is_left_alone() -> None:
    """The number may be reused between decision and shutdown."""
    peer, ours = pair()
    ends = ends_of(ours.fileno())
    assert ends is not None
    other_peer, other = pair()
    with peer, other_peer:
        number = ours.detach()
        os.dup2(other.fileno(), number)
        other.close()
        assert not shut_down(number, ends)
        os.write(number, b"x")
        other_peer.settimeout(5)
        assert other_peer.recv(1) == b"x"
        os.close(number)


def test_what_is_no_connection_is_nothing(tmp_path: Path) -> None:
    """A file, a listener, a closed number; and no descriptor is left open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with (tmp_path / "f").open("w") as file, socket.create_server(("127.0.0.1", 0)) as listener:
        assert [ends_of(file.fileno()), ends_of(listener.fileno()), ends_of(10**6)] == [None] * 3
        assert not shut_down(file.fileno(), Ends("", "", ""))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_connection_is_known_by_its_inode() -> None:
    """No other connection with the same number has it."""
    peer, ours = pair()
    other_peer, other = pair()
    with peer, ours, other_peer, other:
        inode = os.fstat(ours.fileno()).st_ino
        assert not shut_down_inode(other.fileno(), inode)
        other.sendall(b"x")
        assert other_peer.recv(1) == b"x"
        assert shut_down_inode(ours.fileno(), inode)
        peer.settimeout(5)
        assert peer.recv(1) == b""
        assert not shut_down_inode(10**6, inode)
