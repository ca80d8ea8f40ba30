"""`names`: compares the paths that a real session creates from torrents' names with the checked paths.

Torrents with hostile names are added by metainfo, by magnet link and from resume data, and get their content. The
resulting files are compared with two lists of paths: the paths that confinement checked, and the paths that
`list_files` shows. There is no daemon and no traffic. The session has the settings of an engine's session. It runs in a
separate process that inherits the locale. There are four locales.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.rig.hostile.locales import LOCALES, environment
from tools.rig.scratch import scratch

_REFUSED: Final = ("refused_by_judge", "refused_by_libtorrent", "refused_by_disk")


def names(
    count: Annotated[int, typer.Option("--names", min=1, help="The number of names in each locale.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="The random seed, to repeat a run.")] = 1,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Check hostile names: a session must write exactly the checked and listed paths, in four locales."""
    with scratch(keep=keep) as root:
        found = {value: _compared(root, value, seed=seed, names=count) for value in LOCALES}
    show(_report(found, count), as_json=as_json)


def _compared(root: Path, lc_all: str, *, seed: int, names: int) -> dict[str, Any]:
    directory = root / lc_all
    directory.mkdir()
    began = time.monotonic()
    argv = [sys.executable, "-m", "tools.rig.hostile.naming_session", str(directory), str(seed), str(names)]
    ran = subprocess.run(argv, env=environment(lc_all), stdout=subprocess.PIPE, encoding="utf-8", check=True)
    document: dict[str, Any] = json.loads(ran.stdout)
    document["elapsed_s"] = time.monotonic() - began
    tell(f"LC_ALL={lc_all}: {document['names']} names in {document['elapsed_s']:.1f} s")
    for line in document["told"]:
        tell(f"  {line[:400]}")
    return document


def _report(found: dict[str, dict[str, Any]], count: int) -> Report:
    checks = [
        check
        for lc_all, each in found.items()
        for check in (
            Check(f"names, LC_ALL={lc_all}", str(each["names"]), f">= {count}", each["names"] >= count),
            Check("  paths not as judged and shown", str(each["differences"]), "0", not each["differences"]),
            Check("  paths outside of the root", str(each["outside"]), "0", not each["outside"]),
        )
    ]
    rows = [
        [
            lc_all,
            *(str(each.get(name, 0)) for name in ("torrents", "names", "files", *_REFUSED)),
            f"{each['elapsed_s']:.1f} s",
        ]
        for lc_all, each in found.items()
    ]
    notes = [
        "Not among the names: those of torrents that the judge refused (resume data that leads out of the root), that "
        "libtorrent refused, and that the disk did not take; what was written of the last lay where it was judged.",
    ]
    columns = ["LOCALE", "TORRENTS", "NAMES", "FILES", "JUDGE", "LIBTORRENT", "DISK", "TIME"]
    return Report("names", columns, rows, checks, notes, {"locales": found})
