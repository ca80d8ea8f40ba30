"""One trial. A real program makes a profile. A fresh Ouzel imports it, and downloads what is missing."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from protocol.wire.rows import COMPLETE_STATES, TorrentDetail, TorrentState
from tools.bench.report import tell
from tools.interop.imports.origins import Origin, Told
from tools.interop.imports.plans import FILMS, MUSIC, PIECE, SLOW_BPS, Plan
from tools.interop.network import BRIDGE_ADDRESS, Peer
from tools.interop.tracker import OpenTracker
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed
from tools.rig.waiting import until

DOWNLOAD_S: Final = 180.0
SETTLED_S: Final = 4.0
"""The time for which a program's figures must not have changed. qBittorrent's figures are up to 1.5 s old."""

_PROGRAMS_PEER: Final = 3
_HASHED: Final = "disk.num_blocks_hashed"
_SEED: Final[dict[str, int | str | bool]] = {
    "connections_limit": 1000,
    "unchoke_slots_limit": -1,
    "connection_speed": 500,
}


@dataclass
class Result:
    """The results of a trial. In a pair of figures, the second figure is Ouzel's.

    Fields:
        partial: how many torrents were stopped inside of a piece.
        done: the bytes of all torrents.
        after_kill: the bytes that Ouzel has after a SIGKILL of its engine, before it downloads anything.
        fetched: the missing bytes, and the bytes that the seed has uploaded.
        kept: two numbers for each stored property, such as category and limits. The first is the number of torrents
            for which the value is not the default. The second is for how many of these torrents Ouzel has the value.
        hashed: how many blocks of 16 KiB Ouzel had hashed after the import.
        profile_unchanged, payload_unchanged: whether the program's files were the same after the import. After the
            download, only the profile's files were compared again.
        equal: for how many torrents all selected files are equal at the end.
        problems: everything that was wrong.
    """

    name: str
    package: str
    torrents: int = 0
    partial: int = 0
    done: tuple[int, int] = (0, 0)
    after_kill: int = 0
    fetched: tuple[int, int] = (0, 0)
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    hashed: int = 0
    profile_unchanged: bool = False
    payload_unchanged: bool = False
    equal: int = 0
    import_s: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems


def run(origin: Origin, root: Path, plans: Sequence[Plan], tracker: OpenTracker) -> Result:
    """Runs a trial in a directory. Its `home` and `payload` are the program's."""
    result = Result(origin.name, origin.package, torrents=len(plans))
    try:
        tell(f"{origin.name}: downloading the halves")
        told = _halves(origin, plans, tracker)
        result.partial = sum(each.done % PIECE != 0 for each in told.values())
        tell(f"{origin.name}: importing")
        _import(result, origin, root, plans, told)
    except AssertionError as problem:
        result.problems.append(str(problem))
    tell(f"{origin.name}: {'all is right' if result.ok else result.problems}")
    return result


def _halves(origin: Origin, plans: Sequence[Plan], tracker: OpenTracker) -> dict[str, Told]:
    """Makes the profile. Returns the program's last figures."""
    with Peer(_PROGRAMS_PEER) as peer, origin.running(peer):
        for plan in plans:
            origin.add(plan)
        listening = {**_SEED, "listen_interfaces": f"{BRIDGE_ADDRESS}:0"}
        with Seed(settings=listening) as seed:
            for plan in plans:
                limit = SLOW_BPS if plan.slow else 0
                seed.add_pieces(plan.made.metainfo, plan.made.root, plan.pieces, upload_bps=limit)
            for plan in plans:
                until(lambda plan=plan: _announced(tracker, plan), "the tracker knows the seed")  # type: ignore[misc]
            origin.connect(plans, f"{BRIDGE_ADDRESS}:{seed.greeting['port']}")
            whole = [plan for plan in plans if not plan.slow]

            def halves() -> bool:
                told = origin.told()
                return all(told[plan.torrent].done >= plan.half for plan in whole) and all(
                    told[plan.torrent].done for plan in plans
                )

            until(halves, "all that can be downloaded is", patience_s=DOWNLOAD_S, every_s=0.5)
        if paused := [plan.torrent for plan in plans if plan.paused]:
            origin.pause(paused)
        return _settled(origin)


def _settled(origin: Origin) -> dict[str, Told]:
    """The program's figures once they do not change any more."""
    last, since = origin.told(), time.monotonic()

    def settled() -> bool:
        nonlocal last, since
        if (now := origin.told()) != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > SETTLED_S

    until(settled, "the program's figures do not change", every_s=0.5)
    return last


def _announced(tracker: OpenTracker, plan: Plan) -> bool:
    topic = bytes.fromhex(plan.torrent)
    return bool(tracker.seeds(topic) + tracker.leeches(topic))


def _import(result: Result, origin: Origin, root: Path, plans: Sequence[Plan], told: dict[str, Told]) -> None:
    home, data = root / "home", root / "payload"
    profile_before, data_before = _content(home), _content(data)
    with ExitStack() as stack:
        daemon = stack.enter_context(Daemon(root / "d", roots=[data]))
        until(daemon.healthy, "Ouzel is healthy")
        began = time.monotonic()
        _command(daemon, origin, len(plans))
        result.import_s = time.monotonic() - began
        done = _loaded(daemon, plans, told)
        result.hashed = daemon.client.get_counters().counters[_HASHED]
        result.profile_unchanged, result.payload_unchanged = (
            _content(home) == profile_before,
            _content(data) == data_before,
        )
        _compare(result, daemon, root, plans, told, done)
        daemon.kill_engine()
        killed = time.monotonic()
        until(lambda: _reported(daemon, killed), "the next engine has reported all torrents")
        result.after_kill = sum(_loaded(daemon, plans, told).values())
        seed = stack.enter_context(Seed(settings=_SEED))
        _download(result, daemon, seed, plans, told)
    result.profile_unchanged &= _content(home) == profile_before
    result.problems += [] if result.profile_unchanged else ["the profile is changed"]
    result.problems += [] if result.payload_unchanged else ["the import has changed the payload"]


def _command(daemon: Daemon, origin: Origin, count: int) -> None:
    ouzel = [sys.executable, "-I", "-m", "ouzel", "--runtime-dir", str(daemon.runtime_dir)]
    argv = [*ouzel, "import", origin.command, str(origin.imported), "--json"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120)
    outcomes = [json.loads(line)["outcome"] for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"ouzel import: {done.stdout[-500:]}{done.stderr}"
    assert outcomes == ["added"] * count, f"ouzel import: {outcomes}"


def _loaded(daemon: Daemon, plans: Sequence[Plan], told: dict[str, Told]) -> dict[str, int]:
    """The bytes that Ouzel has, once all torrents are loaded.

    Waits until the figures equal the program's figures, or do not change any more.

    Ouzel counts the bytes of selected files. The programs count the bytes of whole pieces. If a file is not selected,
    the bytes of all files are added up. A torrent with such a file contains no incomplete piece.
    """
    client, done = daemon.client, dict[str, int]()

    def loaded() -> bool:
        rows = {row.torrent: row for row in client.list_torrents()}
        for plan in plans:
            counted = client.list_files(torrent=plan.torrent) if plan.skips else [rows[plan.torrent]]
            done[plan.torrent] = sum(each.bytes_done for each in counted)
        return all(row.state in (TorrentState.DOWNLOADING, TorrentState.PAUSED) for row in rows.values())

    def same() -> bool:
        return loaded() and all(done[torrent] == each.done for torrent, each in told.items())

    until(loaded, "all torrents are loaded")
    with suppress(AssertionError):  # `_compare` reports what is wrong
        until(same, "the bytes are the same", patience_s=10, every_s=0.2)
    return done


def _reported(daemon: Daemon, since: float) -> bool:
    """Whether each row is newer than this monotonic time."""
    rows, passed_ms = list(daemon.client.list_torrents()), (time.monotonic() - since) * 1000
    return all(row.age_ms is not None and row.age_ms < passed_ms for row in rows)


def _compare(
    result: Result,
    daemon: Daemon,
    root: Path,
    plans: Sequence[Plan],
    told: dict[str, Told],
    done: dict[str, int],
) -> None:
    for plan in plans:
        if (ours := done[plan.torrent]) != (theirs := told[plan.torrent].done):
            result.problems.append(f"{plan.made.name}: {ours} bytes are done, and not {theirs}")
    result.done = (sum(each.done for each in told.values()), sum(done.values()))
    kept: dict[str, list[bool]] = {}
    for plan in plans:
        detail = daemon.client.get_torrent(plan.torrent)
        for what, wanted, found, default in _stored(plan, detail, root / "payload"):
            if wanted != found:
                result.problems.append(f"{detail.name}: {what} is {found!r} and not {wanted!r}")
            if wanted != default:
                kept.setdefault(what, []).append(wanted == found)
    result.kept = {what: (len(each), sum(each)) for what, each in kept.items()}
    if any(plan.category for plan in plans):
        found = {each.name: each.save_path for each in daemon.client.list_categories()}
        wanted = {FILMS: str(root / "payload" / FILMS), MUSIC: None}
        if found != wanted:
            result.problems.append(f"the categories are {found} and not {wanted}")


def _stored(plan: Plan, detail: TorrentDetail, downloads: Path) -> list[tuple[str, Any, Any, Any]]:
    """The stored properties of a torrent: name, the program's value, Ouzel's value, and the default."""

    def goal(value: float | None, factor: int = 1) -> float | str | None:
        return "global" if value is None else None if value < 0 else value * factor

    options = detail.options
    priorities = {str(index): each for index, each in plan.priorities.items() if each != 4}
    films = str(downloads / FILMS)
    return [
        ("category", plan.category or None, detail.category, None),
        ("save path", films if plan.automatic else str(downloads), detail.save_path, str(downloads)),
        ("labels", sorted(plan.labels), sorted(detail.labels), []),
        ("download limit", plan.download_bps, detail.download_limit_bps, 0),
        ("upload limit", plan.upload_bps, detail.upload_limit_bps, 0),
        ("ratio goal", goal(plan.ratio), options.ratio_goal, "global"),
        ("seeding-time goal", goal(plan.seeding_minutes, 60), options.seeding_time_goal_s, "global"),
        ("inactive goal", goal(plan.idle_minutes, 60), options.inactive_time_goal_s, "global"),
        ("priorities", priorities, detail.priorities, {}),
        ("paused", plan.paused, detail.paused, False),
        ("forced", plan.forced, options.force_start, False),
        ("sequential", plan.sequential, detail.sequential, False),
        ("first/last piece", plan.first_last, options.first_last_piece_first, False),
    ]


def _download(result: Result, daemon: Daemon, seed: Seed, plans: Sequence[Plan], told: dict[str, Told]) -> None:
    client = daemon.client
    for plan in plans:
        seed.add(plan.made.metainfo, plan.made.root)
        client.add_peers(plan.torrent, [seed.endpoint])
        if plan.paused:
            client.resume(plan.torrent)

    def complete() -> bool:
        return all(row.state in COMPLETE_STATES for row in client.list_torrents())

    until(complete, "all torrents are complete", patience_s=DOWNLOAD_S, every_s=0.2)
    until(lambda: sum(seed.uploaded_each().values()) == seed.uploaded(), "the seed has counted all", every_s=0.2)
    uploaded = seed.uploaded_each()
    result.fetched = (sum(each.left for each in told.values()), seed.uploaded())
    for plan in plans:
        if (found := uploaded[plan.torrent]) != told[plan.torrent].left:
            result.problems.append(f"{plan.made.name}: fetched {found} bytes, missing {told[plan.torrent].left}")
        if _equal(daemon, plan):
            result.equal += 1
        else:
            result.problems.append(f"{plan.made.name}: the files are different")


def _equal(daemon: Daemon, plan: Plan) -> bool:
    """Whether all selected files are equal. An incomplete file of another program keeps its name with a suffix."""
    place = Path(daemon.row(plan.torrent).save_path)
    files = [file for file in daemon.client.list_files(torrent=plan.torrent) if file.priority]
    names = [file.path.removesuffix(".part") for file in files]
    return bool(files) and all(
        payload.sha1(place / file.path) == payload.sha1(plan.made.root / name)
        for file, name in zip(files, names, strict=True)
    )


def _content(directory: Path) -> dict[str, tuple[str, int]]:
    """The SHA-1 and the time of the last change of each file."""
    return {
        str(path.relative_to(directory)): (
            hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in directory.rglob("*")
        if path.is_file()
    }
