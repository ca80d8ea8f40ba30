"""`ouzeld`: the daemon's command line.

Exit codes:

- 0: the daemon was asked to stop.
- 2: the usage is wrong.
- 69: an address of `[api]` is not available yet.
- 71: there is no UTF-8 locale.
- 73: a directory cannot be made or trusted.
- 75: another ouzeld uses the directories.
- 78: the configuration is wrong, or libtorrent refuses the configuration.
- 78: this kernel cannot meet `[sandbox] mode = "require"`.
- 78: fewer than 256 files may be open.
- 78: a newer version has written the resume directory.
"""

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import os
import sys
from contextlib import AbstractAsyncContextManager
from importlib import metadata
from pathlib import Path
from typing import Final, NoReturn

import msgspec
import structlog

from protocol.configuration.config_problem import InvalidConfig
from protocol.durable.directory_lock import AlreadyLocked, DirectoryLock
from protocol.durable.format_version import NewerFormat, check_format
from protocol.host import utf8
from protocol.text.scrub import scrub_all
from supervisor import config_check
from supervisor.access.access import AccessNotYet, UnusableAccess
from supervisor.config import config as configuration
from supervisor.config import own_directories
from supervisor.config_check import EXIT_CANNOT_CREATE, EXIT_CONFIG
from supervisor.engine.life.restart_policy import PROBE_S
from supervisor.engine.process.child import ENGINE_MODULE
from supervisor.host import process_limits
from supervisor.host.service_manager import ServiceManager
from supervisor.log import logs
from supervisor.log.log_form import LEVELS
from supervisor.service import Service, UnusableSettings, open_service
from supervisor.transport import sockets

EXIT_UNAVAILABLE: Final = 69
EXIT_NOT_UTF8: Final = 71
EXIT_ALREADY_RUNNING: Final = 75
GC_THRESHOLD: Final = 100_000
"""The garbage collector's threshold for the youngest generation. It is above Python's default.

With ten thousand torrents, a collection blocks the loop for too long. Rare collections suffice, because few objects
here are in reference cycles.
"""


def argument_parser(version: str) -> argparse.ArgumentParser:
    """The parser of the daemon's command line."""
    parser = argparse.ArgumentParser(
        prog="ouzeld",
        description="The supervised BitTorrent engine. Runs in the foreground; SIGTERM or Ctrl-C stops it, "
        "SIGHUP reloads its configuration.",
        epilog="Exit codes: 0 stopped as asked, 2 usage, 69 an address is not available now, "
        "71 there is no UTF-8 locale, 73 a directory cannot be made or trusted, 75 already running, "
        '78 the configuration is wrong, libtorrent refuses it, [sandbox] mode = "require" cannot be met, '
        "fewer than 256 files may be open, or a newer version has written the resume directory.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file; without it the defaults apply")
    parser.add_argument(
        "--check",
        action="store_true",
        help="only report problems of the configuration, the environment, keys and directories, one a line",
    )
    parser.add_argument("--json", action="store_true", help="with --check: write one JSON object")
    parser.add_argument("--log-level", choices=LEVELS, help="overrides [log] level, info by default")
    parser.add_argument("--core", action="store_true", help="leave the limit on core dumps as it is; it is 0 otherwise")
    parser.add_argument("--version", action="version", version=f"ouzeld {version}")
    return parser


def main(engine: str = ENGINE_MODULE, probe_s: float = PROBE_S) -> None:
    """Runs the daemon in the foreground until SIGTERM or SIGINT.

    Args:
        engine: the module that is run as the engine. Tests pass other modules.
        probe_s: the interval between starts of an engine after the restart budget is spent. Tests pass a shorter
            interval.
    """
    utf8.restart_in_utf8()
    log_writer, log_form = logs.begin()
    version = metadata.version("ouzel")
    parser = argument_parser(version)
    args = parser.parse_args()
    if args.json and not args.check:
        parser.error("--json requires --check")
    faulthandler.enable()  # a watchdog's SIGABRT shows in the log where the loop hung
    log_form.levels.of_command_line = args.log_level
    log_form.follow("auto", "info")
    logs.configure(log_writer.put, log_form)
    gc.set_threshold(GC_THRESHOLD)
    try:
        utf8.require_python_utf8()
        utf8.use_utf8_locale()  # engines need a UTF-8 locale, too; an error here is seen by the user
    except utf8.NotUtf8 as error:
        _fail(EXIT_NOT_UTF8, str(error))
    try:
        process_limits.prepare(core_dumps=args.core)
        if args.check:
            raise SystemExit(_check(args.config, as_json=args.json))
        config = configuration.load(args.config)
    except (InvalidConfig, process_limits.TooFewDescriptors) as error:
        _fail(EXIT_CONFIG, str(error))
    log_form.follow(config.log.format, config.log.level, config.log.components)
    log: logs.Logger = structlog.get_logger()
    try:
        locks = _take_directories(config, log)
    except AlreadyLocked as error:
        _fail(EXIT_ALREADY_RUNNING, f"{error}; stop that one first, or give this one other directories")
    except NewerFormat as error:
        _fail(EXIT_CONFIG, str(error))
    except OSError as error:
        _fail(EXIT_CANNOT_CREATE, f"{error.filename}: {error.strerror}; see [paths] in the configuration")
    manager = ServiceManager.of_environment(os.environ, os.getpid())
    log.info("started", version=version, resume_dir=config.paths.resume_dir, runtime_dir=config.paths.runtime_dir)
    try:
        with contextlib.closing(manager):
            asyncio.run(
                _serve(
                    open_service(
                        config,
                        locks,
                        version,
                        log,
                        config_file=args.config,
                        read_config=lambda running: configuration.load(args.config, running=running),
                        manager=manager,
                        module=engine,
                        probe_s=probe_s,
                        log_problem=log_writer.problem,
                        log_form=log_form,
                        log_lost=lambda: log_writer.lost,
                    )
                )
            )
    except AccessNotYet as error:
        _fail(EXIT_UNAVAILABLE, str(error))
    except (UnusableAccess, UnusableSettings) as error:
        _fail(EXIT_CONFIG, f"configuration: {error}")
    log.info("stopped")


async def _serve(opening: AbstractAsyncContextManager[Service]) -> None:
    async with opening as service:
        await service.serve()


def _check(file: Path | None, *, as_json: bool) -> int:
    """Prints all problems of the configuration, and returns the exit code."""
    checked = config_check.check(file)
    if as_json:
        # A path may have any bytes, and JSON is UTF-8.
        lines = [msgspec.json.encode(scrub_all(msgspec.to_builtins(checked))).decode()]
    else:
        lines = [*map(str, checked.problems), *(f"note: {note}" for note in checked.notes)]
        lines += ["the configuration is right"] if checked.ok else []
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return checked.exit_code


def _take_directories(config: configuration.Config, log: logs.Logger) -> list[DirectoryLock]:
    """Makes missing directories. Locks the resume directory and the runtime directory.

    Raises OSError. If a newer version has written the resume directory, raises NewerFormat, and changes nothing.
    """
    paths = config.paths
    try:
        check_format(Path(paths.resume_dir))
    except OSError as error:
        if isinstance(error, NewerFormat):
            raise  # the following steps report any other error
    for note in own_directories.prepare(paths):
        log.warning("directory_shared", problem=note)
    locks = [DirectoryLock(Path(directory)) for directory in dict.fromkeys((paths.resume_dir, paths.runtime_dir))]
    sockets.check_places(Path(paths.runtime_dir))
    return locks


def _fail(code: int, message: str) -> NoReturn:
    sys.stderr.write(f"ouzeld: {message}\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
