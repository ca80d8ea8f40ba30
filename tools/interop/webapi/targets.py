"""The servers that the suite tests. Each listens at the suite's port."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tools.interop.processes import running
from tools.interop.webapi.place import TMP
from tools.interop.webapi.suite import PASSWORD, PORT, USERNAME, Suite
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.waiting import until


@contextmanager
def gateway(root: Path, suite: Suite) -> Iterator[None]:
    """A context within which a gateway and its daemon run. The suite's folders are in the download roots."""
    root.mkdir()
    with (
        Daemon(root, roots=[TMP, suite.folder]),
        GatewayProcess(root, port=PORT, username=USERNAME, password=PASSWORD, max_failed_logins=0),
    ):
        shutil.copytree(suite.folder / "tests/_resources", TMP / "_resources", dirs_exist_ok=True)
        (TMP / "_resources/test_torrent").mkdir(exist_ok=True)
        (TMP / "_resources/test_torrent/test-file").write_text("hello world")
        suite.load()
        yield


@contextmanager
def qbittorrent(root: Path, suite: Suite) -> Iterator[None]:
    """A context within which qbittorrent-nox runs, with its default password."""
    config = root / "qBittorrent/config/qBittorrent.conf"
    config.parent.mkdir(parents=True)
    config.write_text(
        "[BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\n"
        f"[LegalNotice]\nAccepted=true\n[Preferences]\nWebUI\\Port={PORT}\n"
    )
    with running(["qbittorrent-nox", f"--profile={root}"], root):
        until(_answers, "qbittorrent-nox answers")
        suite.load()
        yield


def _answers() -> bool:
    try:
        urlopen(f"http://localhost:{PORT}/").close()
    except URLError:
        return False
    return True
