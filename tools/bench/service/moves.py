"""`moves`: moves a torrent between two file systems. Kills the engine or the supervisor at random moments."""

import random
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from tools.bench.options import AsJson, Keep, SizeMib
from tools.bench.report import Check, Report, mb, show, tell
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.moves.moving import Killed, Victim, kill_repeatedly
from tools.rig.payload import MIB
from tools.rig.scratch import scratch
from tools.rig.seed import Seed
from tools.rig.waiting import until

FILES = 16


def moves(
    count: Annotated[int, typer.Option("--kills", min=1, help="The number of kills of each kind.")] = 30,
    size: SizeMib = 512,
    other: Annotated[Path, typer.Option(metavar="DIR", help="A directory on another file system than TMPDIR.")] = Path(
        "/dev/shm"
    ),
    number: Annotated[int, typer.Option("--seed", help="The seed of the random moments.")] = 1,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill the engine, the supervisor, and both, at random moments of moves between file systems."""
    victims: list[Victim] = [*["engine"] * count, *["supervisor"] * count, *["both"] * (count // 3)]  # type: ignore[list-item]
    chance = random.Random(number)
    chance.shuffle(victims)
    with (
        scratch(keep=keep) as root,
        tempfile.TemporaryDirectory(prefix="ouzel-", dir=other) as elsewhere,
        Seed() as seed,
    ):
        places = root / "d/downloads/set-of-files", Path(elsewhere) / "new"
        crosses = Path(elsewhere).stat().st_dev != root.stat().st_dev
        tell(f"making {size} MiB")
        share = size * MIB // FILES
        made = payload.make(root / "seed", "set", {f"{index % 4}/{index}.bin": share + index for index in range(FILES)})
        seed.add(made.metainfo, made.root)
        with Daemon(root / "d", roots=[Path(elsewhere)], restart={"budget": 10_000, "max_delay_s": 0.5}) as daemon:
            until(daemon.healthy, "the daemon is healthy")
            daemon.client.add_torrent(metainfo=made.metainfo, save_path=str(places[0]), peers=[seed.endpoint])
            until(lambda: daemon.row(made.torrent).state.value == "seeding", "it is downloaded", patience_s=600)
            fetched = seed.uploaded()
            done = []
            for kill in kill_repeatedly(daemon, made, places, victims, chance):
                done.append(kill)
                tell(f"kill {len(done)} of {len(victims)}: {kill.victim}, {kill.phase}; {kill.recovered_s:.2f} s")
            twice = seed.uploaded() - fetched
    show(_report(made.size, done, crosses, twice), as_json=as_json)


def _report(size: int, done: list[Killed], crosses: bool, twice: int) -> Report:
    rows = []
    for victim in ("engine", "supervisor", "both"):
        times = [kill.recovered_s for kill in done if kill.victim == victim]
        phases = Counter(kill.phase for kill in done if kill.victim == victim)
        if times:
            phases_text = ", ".join(f"{number} {phase}" for phase, number in sorted(phases.items()))
            rows.append((victim, str(len(times)), phases_text, f"{median(times):.2f} s", f"{max(times):.2f} s"))
    broken = sum(not kill.whole for kill in done)
    left = sorted({path for kill in done for path in kill.left})
    return Report(
        benchmark="moves",
        columns=("KILLED", "KILLS", "WHILE", "TO ITS END: MEDIAN", "MAX"),
        rows=rows,
        checks=[
            Check("two file systems", "yes" if crosses else "no", "yes", crosses),
            Check("not whole at one of the two places", str(broken), "0", broken == 0),
            Check("downloaded again", mb(twice), "0", twice == 0),
            Check("left over", ", ".join(left) or "nothing", "nothing", not left),
        ],
        notes=[f"Each move is of {mb(size)} in {FILES} files."],
        document={"size_bytes": size, "fetched_twice_bytes": twice, "kills": [kill._asdict() for kill in done]},
    )
