"""Runs all trials, and reports them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from tools.bench.report import Check, Report
from tools.interop.imports import trial
from tools.interop.imports.origins import Origin, Qbittorrent, Transmission
from tools.interop.imports.plans import COUNT, PIECE, PIECES, plans
from tools.interop.imports.trial import Result
from tools.interop.tracker import ANNOUNCE, OpenTracker

IMPORTS: Final = "imports"

_ORIGINS: Final[tuple[Callable[[Path, Path], Origin], ...]] = (
    partial(Qbittorrent, database=False),
    partial(Qbittorrent, database=True),
    Transmission,
)


def run(root: Path) -> list[Result]:
    """Runs a trial with each kind of profile, below a directory that other users can enter."""
    results = []
    for number, make in enumerate(_ORIGINS):
        place = root / f"{IMPORTS}{number}"
        home, payload, served, seeds = (place / name for name in ("home", "payload", "tracker", "seeds"))
        for directory in (home, payload, served, seeds):
            directory.mkdir(parents=True)
        origin = make(home, payload)
        planned = plans(seeds, ANNOUNCE["http"], qbittorrent=origin.command == Qbittorrent.command)
        with OpenTracker(served, [bytes.fromhex(plan.torrent) for plan in planned]) as tracker:
            results.append(trial.run(origin, place, planned, tracker))
    return results


def report(versions: Mapping[str, str], results: list[Result]) -> Report:
    """Returns the report of the trials."""
    rows, checks = [], []
    for result in results:
        stored, kept = (sum(each) for each in zip((0, 0), *result.kept.values(), strict=True))
        done, after_kill, fetched = result.done, result.after_kill, result.fetched
        unchanged = result.profile_unchanged and result.payload_unchanged
        rows.append(
            (
                f"{result.name} {versions[result.package]}",
                f"{result.torrents}",
                f"{result.partial}",
                f"{done[0]}",
                f"{done[1]}",
                f"{kept}/{stored}",
                f"{fetched[0]}",
                f"{fetched[1]}",
                f"{result.equal}",
                f"{result.import_s:.1f} s",
            )
        )
        name = result.name
        checks += [
            Check(f"{name}: bytes kept", f"{done[1]}", f"{done[0]}", done[0] == done[1] > 0),
            Check(f"{name}: bytes kept after SIGKILL", f"{after_kill}", f"{done[0]}", after_kill == done[0]),
            Check(f"{name}: bytes fetched", f"{fetched[1]}", f"{fetched[0]}", fetched[0] == fetched[1] > 0),
            Check(f"{name}: torrents with equal files", f"{result.equal}", f"{COUNT}", result.equal == COUNT),
            Check(f"{name}: blocks hashed by the import", f"{result.hashed}", "0", result.hashed == 0),
            Check(f"{name}: the originals are unchanged", f"{unchanged}".lower(), "true", unchanged),
            Check(f"{name}: torrents stopped inside of a piece", f"{result.partial}", "some", result.partial > 0),
            Check(f"{name}: problems", "; ".join(result.problems[:3]) or "none", "none", result.ok),
        ]
        checks += [
            Check(f"{name}: {what}", f"{ours}", f"{theirs}", ours == theirs)
            for what, (theirs, ours) in result.kept.items()
        ]
    return Report(
        IMPORTS,
        ("PROFILE", "TORRENTS", "PARTIAL", "DONE", "KEPT", "OPTIONS", "MISSING", "FETCHED", "SHA-1", "IMPORT"),
        rows,
        checks,
        (
            f"Each torrent has {PIECES} pieces of {PIECE // 1024} KiB, of which half was there to download. PARTIAL"
            " counts those that were stopped inside of a piece. DONE and MISSING are bytes as the program told them"
            " last, KEPT and FETCHED as Ouzel has them, and as the seed has uploaded them to Ouzel, which has to be"
            " equal for each torrent. OPTIONS counts categories, limits, goals and the like. The import has changed"
            " neither the profile nor the payload; what Ouzel downloads later changes the latter.",
        ),
        {"versions": dict(versions), "profiles": [asdict(result) for result in results]},
    )
