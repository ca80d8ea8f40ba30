"""The gateway's command line. Its exit codes have the same meanings as `ouzeld`'s.

- 0: the gateway was asked to stop.
- 2: the usage is wrong.
- 69: the address is not available now, or another gateway uses the directory.
- 71: there is no UTF-8 locale.
- 73: the gateway's directory cannot be made or used.
- 78: the configuration is wrong.
"""

import argparse
import asyncio
import contextlib
import getpass
import os
import resource
import sqlite3
import sys
from importlib import metadata
from pathlib import Path
from typing import Final, NoReturn

from gateway import check, logs, serving_metrics, tracing
from gateway.access import key_commands, password
from gateway.config import gateway_config
from gateway.config.gateway_config import Config
from gateway.service import InUse, store_file
from gateway.store.store import NewerStore, check_version
from gateway.web.server import CannotListen, UnusableCertificate
from protocol.configuration.config_problem import InvalidConfig
from protocol.host import private_dir, standard_streams, utf8

EXIT_REFUSED: Final = 1
EXIT_UNAVAILABLE: Final = 69
EXIT_NOT_UTF8: Final = 71
EXIT_CANNOT_CREATE: Final = 73
EXIT_CONFIG: Final = 78
UMASK: Final = 0o077


def argument_parser(version: str) -> argparse.ArgumentParser:
    """The parser of the gateway's command line."""
    parser = argparse.ArgumentParser(
        prog="ouzel-gateway",
        description="The HTTP interfaces of a running ouzeld: the Web API of qBittorrent, the RPC of Transmission, a "
        "page for browsers, and metrics for Prometheus. Runs in the foreground; SIGTERM or Ctrl-C stops it.",
        epilog="Exit codes: 0 stopped as asked, 1 a command on API keys was refused, 2 usage, 69 the address is not "
        "available now, 71 there is no UTF-8 locale, 73 the gateway's directory cannot be made or used, 78 the "
        "configuration is wrong.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the daemon's TOML file, with a section [gateway]")
    parser.add_argument("--only", choices=("metrics", "traces"), help="only serve the metrics, or only export traces")
    parser.add_argument("--log-level", choices=logs.LEVELS, default="info", help="info by default")
    commands = parser.add_mutually_exclusive_group()
    commands.add_argument("--check", action="store_true", help="only report problems of the configuration")
    commands.add_argument(
        "--hash-password",
        action="store_true",
        help="ask for a password, and print its hash for the key password_hash",
    )
    commands.add_argument("--new-api-key", metavar="NAME", help="make an API key, and print it")
    commands.add_argument("--revoke-api-key", metavar="NAME", help="remove an API key; it ends within a second")
    commands.add_argument("--list-api-keys", action="store_true", help="print the names of the API keys")
    parser.add_argument("--version", action="version", version=f"ouzel-gateway {version}")
    return parser


def main() -> None:
    """Runs the gateway in the foreground until SIGTERM or SIGINT."""
    utf8.restart_in_utf8()
    standard_streams.fill()
    os.umask(UMASK)
    args = argument_parser(metadata.version("ouzel")).parse_args()
    try:
        utf8.require_python_utf8()
    except utf8.NotUtf8 as error:
        _fail(EXIT_NOT_UTF8, str(error))
    if args.hash_password:
        sys.stdout.write(f"{password.hashed(_asked_password())}\n")
        return
    try:
        config = gateway_config.load(args.config)
        _run(config, args)
    except (InvalidConfig, UnusableCertificate, NewerStore) as error:
        _fail(EXIT_CONFIG, str(error))
    except CannotListen as error:
        _fail(EXIT_CONFIG if error.permanent else EXIT_UNAVAILABLE, str(error))
    except InUse as error:
        _fail(EXIT_UNAVAILABLE, str(error))
    except key_commands.Refused as error:
        _fail(EXIT_REFUSED, str(error))
    except sqlite3.Error as error:
        _fail(EXIT_CANNOT_CREATE, f"the gateway's store: {error}; see [gateway] state_dir")
    except OSError as error:
        _fail(EXIT_CANNOT_CREATE, f"{error.filename}: {error.strerror}; see [gateway] state_dir")


def _run(config: Config, args: argparse.Namespace) -> None:
    if args.check:
        check.check(config)
        check.check_web_interfaces(config)
        with contextlib.suppress(sqlite3.Error, OSError):  # another user's file, or a damaged one, which is put aside
            check_version(store_file(config))
        sys.stdout.write("the configuration is right\n")
    elif args.new_api_key is not None or args.revoke_api_key is not None or args.list_api_keys:
        _on_keys(config, args)
    else:
        logs.configure(args.log_level)
        _raise_limit_of_files()
        if args.only == "metrics":
            asyncio.run(serving_metrics.serve_only(config))
        elif args.only == "traces":
            asyncio.run(tracing.export_only(config))
        else:
            from gateway import serving  # it loads all interfaces, which `--only metrics` does not need

            asyncio.run(serving.serve(config))


def _on_keys(config: Config, args: argparse.Namespace) -> None:
    """Runs a command that makes, revokes or lists API keys. Raises Refused, OSError or sqlite3.Error."""
    file = store_file(config)
    private_dir.prepare(file.parent)
    if args.new_api_key is not None:
        sys.stdout.write(f"{asyncio.run(key_commands.new(file, args.new_api_key))}\n")
    elif args.revoke_api_key is not None:
        asyncio.run(key_commands.revoke(file, args.revoke_api_key))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in key_commands.lines(file)))


def _asked_password() -> str:
    """Asks for a password if standard input is a terminal. Otherwise reads the first line of standard input."""
    if not sys.stdin.isatty():
        found = sys.stdin.readline().rstrip("\r\n")
    else:
        found = getpass.getpass("Password: ")
        if found != getpass.getpass("The same again: "):
            _fail(2, "the two passwords differ")
    if not found:
        _fail(2, "the password is empty")
    return found


def _raise_limit_of_files() -> None:
    """Raises the limit of open files to the maximum, because each connection needs a descriptor."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _fail(code: int, message: str) -> NoReturn:
    sys.stderr.write(f"ouzel-gateway: {message}\n")
    raise SystemExit(code)
