"""A separate network. This process gets a new namespace with a bridge. A namespace for each peer is attached to it.

The namespaces have no names. So the kernel removes a namespace when its last process ends, also after a crash. Each
peer's namespace has a waiting process. The kernel kills the waiting processes when this process ends.
"""

import ctypes
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools.interop.packages import PATH, CannotRun
from tools.interop.processes import ENDS_WITH_US
from tools.rig.waiting import until

BRIDGE_ADDRESS: Final = "10.77.0.1"
"""The bridge's address. This process and the tracker use it."""

_CLONE_NEWNET: Final = 0x40000000
_BRIDGE: Final = "bridge"
_PREFIX: Final = 24
_HOST: Final = 32
"""The prefix of a single address."""

_DEVICE: Final = "eth0"


def enter() -> None:
    """Moves this process into a new network namespace with a bridge. The process must not have other threads.

    Raises CannotRun.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise CannotRun(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")
    _ip("link", "set", "lo", "up")
    _ip("link", "add", _BRIDGE, "type", "bridge")
    _ip("address", "add", f"{BRIDGE_ADDRESS}/{_PREFIX}", "dev", _BRIDGE)
    _ip("link", "set", _BRIDGE, "up")


class Peer:
    """A network namespace with one address, attached to the bridge.

    Args:
        number: the number of the peer, from 2 to 254. Two peers must not have the same number at the same time.
        reaches: the only address that the namespace can reach. By default it can reach all peers.

    Fields:
        address: its address.
        inside: a prefix that runs a command in the namespace. The command has the same pid, and ends with this process.
    """

    def __init__(self, number: int, *, reaches: str | None = None) -> None:
        self.address = f"{BRIDGE_ADDRESS.rpartition('.')[0]}.{number}"
        self._outer = f"peer{number}"
        self._attached = False
        argv = [*ENDS_WITH_US, "unshare", "--net", "sleep", "infinity"]
        self._holder = subprocess.Popen(argv, stdin=subprocess.DEVNULL, env={"PATH": PATH}, start_new_session=True)
        namespace = Path(f"/proc/{self._holder.pid}/ns/net")
        self.inside = (*ENDS_WITH_US, "nsenter", f"--net={namespace}", "--")
        try:
            ours = Path("/proc/self/ns/net").readlink()
            until(lambda: namespace.readlink() != ours, "the namespace is made")
            _ip("link", "add", self._outer, "type", "veth", "peer", "name", _DEVICE, "netns", str(self._holder.pid))
            self._attached = True
            _ip("link", "set", self._outer, "master", _BRIDGE, "up")
            prefix = _PREFIX if reaches is None else _HOST
            _ip("address", "add", f"{self.address}/{prefix}", "dev", _DEVICE, inside=self.inside)
            for device in ("lo", _DEVICE):
                _ip("link", "set", device, "up", inside=self.inside)
            if reaches is not None:
                _ip("route", "add", f"{reaches}/{_HOST}", "dev", _DEVICE, inside=self.inside)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes the namespace, once no program is left in it."""
        if self._attached:
            _ip("link", "delete", self._outer)  # the kernel would do so with the namespace, but with delay
        self._holder.kill()
        self._holder.wait()


def _ip(*arguments: str, inside: Sequence[str] = ()) -> None:
    done = subprocess.run(
        [*inside, "ip", *arguments], check=False, capture_output=True, text=True, timeout=60, env={"PATH": PATH}
    )
    if done.returncode:
        raise CannotRun(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
