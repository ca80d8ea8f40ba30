"""`python -m tests.fakes.escaping_describer …`: the real describer, which tries to leave its sandbox.

It tries each way of `tests.fakes.escapes`, and to write where only engines may, when it describes the first torrent,
logs what came of it as `escape`, and goes on. `ESCAPES` in the environment has what it needs to know, as JSON. With
`NO_LANDLOCK` it is as on a kernel that has none.
"""

import errno
import json
import os
from pathlib import Path
from typing import Any

from engine_proc import describe
from engine_proc.process import landlock
from engine_proc.process.log import log
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.link_events import EngineEvent
from protocol.wire.desired import DesiredTorrent
from tests.fakes import escapes


def attempt(told: dict[str, Any]) -> None:
    """Tries all ways."""
    outside, inside, resume_dir = (Path(told[key]) for key in ("outside", "inside", "resume_dir"))
    own = resume_dir / "fastresume" / "made"
    ways = [
        *escapes.ways(outside, inside, resume_dir, os.getppid(), "nobody-listens"),
        ("write its own file", lambda: escapes.write(own, os.O_CREAT)),
        ("write payload", lambda: escapes.write(inside / "file")),
        ("write to /dev/null", lambda: escapes.write(Path("/dev/null"))),
    ]
    for way, leave in ways:
        if way == "connect to an abstract socket":
            continue  # nobody listens
        try:
            leave()
        except (OSError, ValueError) as error:
            code = errno.errorcode.get(getattr(error, "errno", None) or 0)
            log("info", "escape", way=way, refused=True, code=code)
        else:
            log("info", "escape", way=way, refused=False, code=None)


def no_landlock() -> int:
    """Answers as a kernel without Landlock."""
    raise OSError(errno.ENOSYS, "there is none")


def install() -> None:
    """Makes it try when it is asked."""
    events_of = describe.events_of

    def trying(directory: ResumeDir, desired: DesiredTorrent) -> list[EngineEvent]:
        if told := os.environ.get("ESCAPES"):
            attempt(json.loads(told))
        return events_of(directory, desired)

    describe.events_of = trying
    if os.environ.get("NO_LANDLOCK"):
        landlock.abi = no_landlock


if __name__ == "__main__":
    install()
    describe.main()
