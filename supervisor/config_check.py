"""`ouzeld --check`: reports all problems that prevent a start of the daemon. Has no side effects.

The check ignores locks and sockets of a running daemon. So the check can run before a reload, too.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from protocol.configuration.config_problem import InvalidConfig, Problem
from protocol.durable.directory_lock import LOCK
from protocol.durable.format_version import NewerFormat, check_format
from protocol.host import private_dir
from protocol.internal.config_question import ConfigQuestion
from supervisor.access.access import UnusableAccess, read_secret_key
from supervisor.config import config as configuration
from supervisor.config.config import Config
from supervisor.engine.process.engine_environment import engine_environment
from supervisor.transport import sockets

JUDGE: Final = "engine_proc.judge"
PATIENCE_S: Final = 30.0

EXIT_CANNOT_CREATE: Final = 73
EXIT_CONFIG: Final = 78


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the check, as `--json` writes it.

    Fields:
        ok: whether the daemon would start.
        problems: the problems that prevent a start.
        notes: the checks that were not possible here, and why.
        exit_code: the exit code that the daemon would have; 0 if the daemon would start.
    """

    ok: bool
    problems: list[Problem]
    notes: list[str] = []
    exit_code: int = 0


def check(file: Path | None, environ: Mapping[str, str] = os.environ) -> Checked:
    """Checks the configuration, then libtorrent's verdict on the configuration, then keys and directories."""
    try:
        given = configuration.read(file, environ)
        config = configuration.load(file, environ)
    except InvalidConfig as error:
        return Checked(ok=False, problems=error.problems, exit_code=EXIT_CONFIG)
    problems = [
        given.blame(key, message) for key, message in (*_judged(config, environ), *_keys(config), *_format(config))
    ]
    exit_code = EXIT_CONFIG if problems else 0
    directories, notes = _directories(config)
    problems += [given.blame(key, message) for key, message in directories]
    return Checked(
        ok=not problems,
        problems=problems,
        notes=notes,
        exit_code=exit_code or (EXIT_CANNOT_CREATE if problems else 0),
    )


def _judged(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The verdict of libtorrent and the kernel. A separate process finds it, because the supervisor loads no
    libtorrent.
    """
    question = ConfigQuestion(
        settings=config.engine,
        sandbox=config.sandbox.mode,
        roots=[os.path.realpath(root) for root in config.paths.download_roots],
        resume_dir=config.paths.resume_dir,
    )
    argv = [sys.executable, "-I", "-X", "utf8", "-m", JUDGE]
    try:
        judge = subprocess.run(
            argv,
            input=msgspec.json.encode(question),
            capture_output=True,
            timeout=PATIENCE_S,
            env=engine_environment(environ),
            check=True,
        )
        yield from msgspec.json.decode(judge.stdout, type=dict[str, str]).items()
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        yield "engine", f"could not be judged, and an engine could not start: {last or error}"
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        yield "engine", f"could not be judged: {error}"


def _keys(config: Config) -> Iterator[tuple[str, str]]:
    if config.api.curve_secret_key_file is None:
        return
    try:
        read_secret_key(Path(config.api.curve_secret_key_file))
    except UnusableAccess as error:
        key, _, problem = str(error).partition(": ")
        yield key, problem


def _format(config: Config) -> Iterator[tuple[str, str]]:
    """Yields a problem if a newer version has written the resume directory."""
    try:
        check_format(Path(config.paths.resume_dir))
    except NewerFormat as error:
        yield "paths.resume_dir", str(error)
    except OSError:  # `_directories` reports what is wrong with the directory
        return


def _directories(config: Config) -> tuple[list[tuple[str, str]], list[str]]:
    """Returns the problems of the directories, and notes about directories that this user cannot check."""
    problems: list[tuple[str, str]] = []
    notes: list[str] = []
    paths = config.paths
    for key in ("resume_dir", "runtime_dir", "state_dir"):
        path = Path(getattr(paths, key))
        try:
            if os.geteuid() == 0 and (owner := path.stat().st_uid) != 0:
                notes.append(f"paths.{key}: {path} belongs to uid {owner}; run the check as that user, too")
                continue
            os.close(private_dir.open_dir(path))
            if key != "state_dir" and (path / LOCK).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path / LOCK))
            if key == "runtime_dir":
                sockets.check_places(path)
        except FileNotFoundError:
            # Ouzel's own directories are made at the target of a link; a circular link is not a FileNotFoundError.
            problems += [(f"paths.{key}", problem) for problem in _unmakeable(Path(os.path.realpath(path)))]
        except OSError as error:
            if not _narrowed(error, path):
                problems.append((f"paths.{key}", f"{error.filename or path}: {error.strerror}"))
    for index, root in enumerate(paths.download_roots):
        problems += [(f"paths.download_roots[{index}]", problem) for problem in _unmakeable(Path(root))]
    return problems, notes


def _narrowed(error: OSError, path: Path) -> bool:
    """Whether the error is about a directory with mode 1777. A tmpfs has this mode, and the daemon restricts the mode
    at the start.
    """
    sticky = 0o1777
    return error.errno == errno.EPERM and path.is_dir() and path.stat().st_mode & sticky == sticky


def _unmakeable(path: Path) -> Iterator[str]:
    """Yields why a missing directory cannot be made. Yields nothing if the directory exists or can be made."""
    for above in (path, *path.parents):
        try:
            found = above.stat()
        except FileNotFoundError:
            if above.is_symlink():
                yield f"{above}: is a symbolic link that leads to no directory"
                return
            continue
        except OSError as error:
            yield f"{above}: {error.strerror}"
            return
        if not above.is_dir():
            yield f"{above}: is no directory"
        elif above != path and not os.access(above, os.W_OK | os.X_OK, effective_ids=True):
            yield f"{path}: is not there, and this user cannot make it in {above} (mode {found.st_mode & 0o7777:04o})"
        return
