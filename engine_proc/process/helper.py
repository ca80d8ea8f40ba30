"""The start of a helper: a short-lived process that reads untrusted bytes or payload for the supervisor.

A helper exits if the supervisor dies. It has a memory limit, and usually a limit of CPU time. It enters the sandbox
before it reads the request.
"""

import argparse
import os
import resource
import sys
from pathlib import Path
from typing import Final, NamedTuple

from engine_proc.process.log import log
from engine_proc.process.parent import die_with_parent
from engine_proc.process.sandbox import enter as enter_sandbox
from protocol.durable.resume_dir import ResumeDir
from protocol.host import utf8
from protocol.internal.exit_codes import EXIT_ORPHANED

EXIT_NOT_CONFINED: Final = 78
CPU_S: Final = 60
MEMORY_BYTES: Final = 4 << 30
"""The limit of address space, enough for 200 torrents. With libtorrent loaded, the process needs 40 MiB."""


class Given(NamedTuple):
    """The arguments of a helper.

    Fields:
        roots: the download roots that the helper may access.
        resume_dir: the resume directory, which the helper may read.
    """

    roots: list[str]
    resume_dir: ResumeDir


def begin(prog: str, *, cpu_s: int | None = CPU_S) -> Given:
    """Parses the arguments, sets the limits, and enters the sandbox.

    Args:
        cpu_s: the limit of CPU time in seconds; None for no limit.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Started by ouzeld alone.")
    parser.add_argument("--parent-pid", type=int, required=True, help="the supervisor's pid")
    parser.add_argument("--resume-dir", type=Path, required=True)
    parser.add_argument("--sandbox", choices=["auto", "require", "off"], required=True, help="see process/sandbox.py")
    parser.add_argument("--root", action="append", default=[], help="a directory that may be read; repeatable")
    parser.add_argument("--writable", action="store_true", help="allows writing below each --root, too")
    args = parser.parse_args()
    if not die_with_parent(args.parent_pid):
        log("warning", "orphaned_at_start")
        os._exit(EXIT_ORPHANED)
    utf8.use_utf8_locale()
    if cpu_s is not None:
        limit(resource.RLIMIT_CPU, cpu_s)
    limit(resource.RLIMIT_AS, MEMORY_BYTES)
    directory = ResumeDir(args.resume_dir)
    sandbox = enter_sandbox(args.sandbox, args.root, directory, read_only=not args.writable, own=False)
    if sandbox.refusal is not None:
        log("error", "not_confined", problem=sandbox.refusal)
        sys.exit(EXIT_NOT_CONFINED)
    return Given(args.root, directory)


def limit(kind: int, most: int) -> None:
    """Sets a resource limit permanently. A lower limit stays in force."""
    _, hard = resource.getrlimit(kind)
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (lowest, lowest))
