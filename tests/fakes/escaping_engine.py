"""`python -m tests.fakes.escaping_engine …`: the real engine, in its real sandbox, which tries to leave the sandbox.

It tries each way of `tests.fakes.escapes` once its session is made, on the loop and in a thread of its own, logs what
came of it as `escape`, and goes on as any engine. `ESCAPES` in the environment has what it needs to know, as JSON.
"""

import errno
import json
import os
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

from engine_proc.__main__ import main
from engine_proc.engine import Engine
from engine_proc.process.log import log
from tests.fakes import escapes


def attempt(where: str) -> None:
    """Tries all ways out, and what has to work."""
    told: dict[str, Any] = json.loads(os.environ["ESCAPES"])
    outside, inside, resume_dir = (Path(told[key]) for key in ("outside", "inside", "resume_dir"))
    for way, leave in escapes.ways(outside, inside, resume_dir, os.getppid(), told["abstract"]):
        try:
            leave()
        except (OSError, ValueError) as error:
            code = errno.errorcode.get(getattr(error, "errno", None) or 0)
            log("info", "escape", where=where, way=way, refused=True, code=code)
        else:
            log("info", "escape", where=where, way=way, refused=False, code=None)
    for name, work in needed(inside, resume_dir).items():
        try:
            work()
        except Exception as error:  # noqa: BLE001  # it is told
            log("info", "needed", where=where, name=name, problem=repr(error))
        else:
            log("info", "needed", where=where, name=name, problem=None)


def needed(inside: Path, resume_dir: Path) -> dict[str, escapes.Way]:
    """What Python, libtorrent and the engine need to do."""

    def rename() -> None:
        escapes.write(inside / "a", os.O_CREAT)
        (inside / "new").mkdir()
        (inside / "a").rename(inside / "new" / "b")
        os.truncate(inside / "new" / "b", 1)
        (inside / "new" / "b").unlink()
        (inside / "new").rmdir()

    def put_aside() -> None:
        own = resume_dir / "fastresume" / "own"
        aside = resume_dir / "fastresume" / "damaged" / "own"
        aside.parent.mkdir(exist_ok=True)
        makes: list[escapes.Way] = [own.touch, lambda: own.symlink_to("/")]
        for make in makes:
            make()
            own.rename(aside)
            aside.unlink()
        own.mkdir()
        own.rename(aside)
        aside.rmdir()

    return {
        "payload": rename,
        "its own files": put_aside,
        "records": (resume_dir / "record.json").read_bytes,
        "names": lambda: socket.getaddrinfo("localhost", 80),
        "certificates": lambda: ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE")),
        "mounts": Path("/proc/self/mountinfo").read_bytes,
        "memory": Path("/proc/self/status").read_bytes,
        "nothing": lambda: escapes.write(Path("/dev/null")),
        "chance": lambda: os.close(os.open("/dev/urandom", os.O_RDONLY)),
        "its own signals": lambda: os.kill(os.getpid(), 0),
        "threads": lambda: threading.Thread(target=lambda: None).start(),
        "a module that was not loaded": lambda: __import__("wave"),
    }


def install() -> None:
    """Makes the engine try once it is configured."""
    configure = Engine._configure
    tried: list[bool] = []

    def trying(self: Engine, command: Any) -> None:
        configure(self, command)
        if not tried:
            tried.append(True)
            attempt("loop")
            thread = threading.Thread(target=attempt, args=("thread",))
            thread.start()
            thread.join()
            log("info", "tried")

    Engine._configure = trying  # type: ignore[method-assign]  # the real engine, with a will of its own


if __name__ == "__main__":
    install()
    main()
