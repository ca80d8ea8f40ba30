"""`backup`: backups, restores and relocations with kills at random moments."""

import random
import secrets
import shutil
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer

from tools.bench.backup import archives, trials
from tools.bench.backup.load import Load
from tools.bench.backup.trials import VICTIMS, Command, Struck
from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, show, tell
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch

COMMANDS: Final = ("backup", "relocate", "restore")
SEEDS: Final = 40
"""The number of torrents with payload."""

LATER: Final = 1.1
"""A kill comes at most this part of an undisturbed command's time after its start. Some come too late."""

EXCHANGE_S: Final = 0.1
"""A restore needs about this time after it has replaced the gateway's store: to sync and exchange the directories."""

RESTART: Final = {"budget": 10_000, "max_delay_s": 0.5}


def backup(
    count: Annotated[int, typer.Option("--kills", min=1, help="The number of kills of each command.")] = 30,
    number: Annotated[int | None, typer.Option("--seed", help="The random seed; a new one by default.")] = None,
    only: Annotated[
        str | None, typer.Option(metavar="COMMAND", help="Kill only during backup, relocate or restore.")
    ] = None,
    as_json: AsJson = False,
    keep: Keep = False,
) -> None:
    """Kill engine, supervisor and command during backups under load, restores, and relocations."""
    number = secrets.randbits(32) if number is None else number
    chance = random.Random(number)
    if only is not None and only not in COMMANDS:
        raise typer.BadParameter(f"it is one of {', '.join(COMMANDS)}", param_hint="--only")
    counts = {command: count if only in (None, command) else 0 for command in COMMANDS}
    struck: list[Struck] = []
    with scratch(keep=keep) as root:
        with Daemon(root / "d", restart=RESTART) as daemon:
            places = daemon.downloads / "one", daemon.downloads / "two"
            torrents = trials.seeding(daemon, places[0], root / "made", SEEDS)
            files = _backups(daemon, root, counts["backup"], chance, struck)
            _relocations(daemon, torrents, places, counts["relocate"], chance, struck)
        _restores(root / "r", files, counts["restore"], chance, struck)
    show(_report(struck, number), as_json=as_json)


def _backups(daemon: Daemon, root: Path, count: int, chance: random.Random, struck: list[Struck]) -> tuple[Path, Path]:
    """Returns two backups with different contents."""
    (root / "backups").mkdir()
    file, first = root / "backups/b.tar.gz", root / "first.tar.gz"
    with Load(daemon, root / "d/state/gateway/gateway.sqlite") as load:
        took_s = _undisturbed_s("backup", str(first), "--config", str(daemon.config))
        for index in range(count):
            moment_s = _late(chance) * took_s * LATER
            _note(struck, trials.backup_trial(daemon, load, file, VICTIMS[index % len(VICTIMS)], moment_s), count)
        _undisturbed_s("backup", str(file), "--config", str(daemon.config))
    return first, file


def _relocations(
    daemon: Daemon,
    torrents: list[str],
    places: tuple[Path, Path],
    count: int,
    chance: random.Random,
    struck: list[Struck],
) -> None:
    pair = places
    nothing = ("relocate", "--from", "/nothing", "--to", str(places[0]))
    for index in range(count):
        took_s = _undisturbed_s("--runtime-dir", str(daemon.runtime_dir), *nothing)
        kill = VICTIMS[index % len(VICTIMS)], took_s * (0.7 + chance.random() * 0.5)
        _note(struck, trials.relocation_trial(daemon, torrents, pair, kill), count)
        pair = pair[::-1]


def _restores(place: Path, files: tuple[Path, Path], count: int, chance: random.Random, struck: list[Struck]) -> None:
    place.mkdir()
    (place / "c.toml").write_text(f'[paths]\nstate_dir = "{place}"\n')
    config = ("--config", str(place / "c.toml"))
    for index in range(count):
        former, wanted = files if index % 2 == 0 else files[::-1]
        present = archives.of_archive(former)
        assert present is not None
        took_s = _undisturbed_s("restore", str(former), *config, "--replace")
        late = index % 3 == 2
        moment_s = chance.random() * EXCHANGE_S if late else _late(chance) * took_s * LATER
        _note(struck, trials.restore_trial(place, present, wanted, moment_s, at_the_end=late), count)
    shutil.rmtree(place)


def _late(chance: random.Random) -> float:
    """A random fraction. Large fractions are more frequent, because a command begins with imports of modules."""
    return max(chance.random(), chance.random())


def _undisturbed_s(*argv: str) -> float:
    """The duration of a command."""
    began = time.monotonic()
    code, output = Command(*argv).end()
    assert code == 0, output
    return time.monotonic() - began


def _note(struck: list[Struck], found: Struck, count: int) -> None:
    struck.append(found)
    done = sum(each.what == found.what for each in struck)
    tell(f"{found.what} {done} of {count}: {found.victim}, {'hit' if found.hit else 'too late'}, {found.outcome}")
    for problem in found.problems:
        tell(f"  WRONG: {problem}")


def _report(struck: list[Struck], number: int) -> Report:
    rows = []
    for what in COMMANDS:
        of = [each for each in struck if each.what == what]
        if not of:
            continue
        outcomes = {name: sum(each.outcome == name for each in of) for name in sorted({each.outcome for each in of})}
        rows.append(
            (
                what,
                str(len(of)),
                str(sum(each.hit for each in of)),
                ", ".join(f"{number} {name}" for name, number in outcomes.items()),
                f"{median(each.took_s for each in of):.2f} s",
                f"{max(each.took_s for each in of):.2f} s",
            )
        )
    problems = [f"{each.what}, {each.victim}: {problem}" for each in struck for problem in each.problems]
    return Report(
        benchmark="backup",
        columns=("COMMAND", "KILLS", "WHILE IT RAN", "AFTER THE KILL", "TO ITS END: MEDIAN", "MAX"),
        rows=rows,
        checks=[
            Check("trials with a problem", str(sum(bool(each.problems) for each in struck)), "0", not problems),
            Check(
                "kills while the command ran", str(sum(each.hit for each in struck)), "> 0", any(e.hit for e in struck)
            ),
        ],
        notes=[f"Seed {number}.", *problems],
        document={"seed": number, "trials": [each._asdict() for each in struck]},
    )
