"""A real tracker, opentracker, on the bridge."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tools.interop.network import BRIDGE_ADDRESS
from tools.interop.processes import ENDS_WITH_US, running
from tools.rig import bencode
from tools.rig.waiting import until

PORT: Final = 6969
ANNOUNCE: Final = {
    scheme: f"{scheme}://{BRIDGE_ADDRESS}:{PORT}{path}" for scheme, path in (("http", "/announce"), ("udp", ""))
}
"""The tracker's announce URLs by protocol."""

_AS_NOBODY: Final = (*ENDS_WITH_US, "--reuid", "65534", "--regid", "65534", "--clear-groups")
"""A prefix that runs a command as nobody. If opentracker ran as root, it would change its user, and not end with us."""


class OpenTracker:
    """Serves announces by HTTP and UDP within its context.

    Args:
        root: an empty directory that other users can read, because the tracker has no rights.
        info_hashes: the torrents that the tracker serves, 20 bytes each. Debian's opentracker serves no other torrents.
    """

    def __init__(self, root: Path, info_hashes: Iterable[bytes]) -> None:
        (root / "whitelist").write_text("".join(f"{each.hex()}\n" for each in info_hashes))
        (root / "conf").write_text(
            f"listen.tcp {BRIDGE_ADDRESS}:{PORT}\nlisten.udp {BRIDGE_ADDRESS}:{PORT}\n"
            f"access.whitelist {root}/whitelist\ntracker.rootdir {root}\n"
        )
        (root / "log").touch()
        self._stack = ExitStack()
        try:
            self._process = self._stack.enter_context(
                running([*_AS_NOBODY, "opentracker", "-f", str(root / "conf")], root)
            )
            until(lambda: self._answers(root / "log"), "the tracker answers")
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
        """Ends the tracker."""
        self._stack.close()

    def seeds(self, info_hash: bytes) -> int:
        """The number of seeds that have announced a torrent, according to a scrape."""
        return self._scraped(info_hash).get(b"complete", 0)

    def leeches(self, info_hash: bytes) -> int:
        """The number of incomplete peers that have announced a torrent, according to a scrape."""
        return self._scraped(info_hash).get(b"incomplete", 0)

    def _scraped(self, info_hash: bytes) -> dict[bytes, int]:
        found: Any = _get(f"/scrape?info_hash={urllib.parse.quote_from_bytes(info_hash)}")
        counts: dict[bytes, int] = found.get(b"files", {}).get(info_hash, {})
        return counts

    def _answers(self, log: Path) -> bool:
        assert self._process.poll() is None, log.read_text()
        try:
            _get("/scrape?info_hash=" + "0" * 20)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def _get(path: str) -> Any:
    with urllib.request.urlopen(f"http://{BRIDGE_ADDRESS}:{PORT}{path}", timeout=10) as reply:
        return bencode.decode(reply.read())
