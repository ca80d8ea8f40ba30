"""The configuration, as `ouzeld --check` judges it."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from ouzel.doctor.finding import Finding, error, info, ok, unknown
from ouzel.doctor.target import Target
from ouzel.doctor.waiting import output_of
from protocol.configuration.config_problem import Problem

CHECK_S: Final = 5.0
"""The time limit. The check starts Python twice and loads libtorrent."""

EXIT_NOT_UTF8: Final = 71

_CONFIGURING: Final = ("OUZEL_", "XDG_", "LC_", "LANG")
"""The beginnings of the names of variables that a configuration depends on."""


class _Checked(msgspec.Struct, frozen=True):
    """The output of `ouzeld --check --json`."""

    ok: bool
    problems: list[Problem] = []
    notes: list[str] = []


def configuration(target: Target) -> Iterator[Finding]:
    """Everything that would keep the daemon from starting."""
    argv = [sys.executable, "-I", "-X", "utf8", "-m", "supervisor", "--check", "--json"]
    if target.config_file is not None:
        argv += ["--config", str(target.config_file)]
    environ = os.environ if target.environ is None else {**os.environ, **configuring(target.environ)}
    done = output_of(argv, CHECK_S, environ)
    if done is None:
        yield unknown(f"`ouzeld --check` did not finish within {CHECK_S:g} s", "run it by hand")
        return
    try:
        checked = msgspec.json.decode(done.stdout, type=_Checked)
    except msgspec.DecodeError:
        said = done.stderr.strip().rpartition("\n")[2].removeprefix("ouzeld: ")
        yield error(said or f"`ouzeld --check` ended with exit code {done.returncode}", "run `ouzeld --check` by hand")
        return
    source = f"{target.config_file}" if target.config_file is not None else "the defaults"
    foreign = os.geteuid() not in (0, target.uid)
    for problem in checked.problems:
        if foreign and (problem.key or "").startswith(("paths.", "api.")):
            yield unknown(f"for this user: {problem}", f"run `ouzel doctor` as {target.user}, or as root", problem.key)
            continue
        yield error(str(problem), "correct it; `ouzeld --check` reports what is left", problem.key)
    for note in checked.notes:
        yield info(note, "run `ouzel doctor` as that user, too")
    if checked.ok:
        yield ok(f"{source}: `ouzeld --check` finds no problem")


def configuring(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the daemon's environment that its configuration depends on.

    Other variables must not reach a program that root starts, because the daemon's user can set variables such as
    LD_PRELOAD.
    """
    return {name: value for name, value in environ.items() if name == "HOME" or name.startswith(_CONFIGURING)}
