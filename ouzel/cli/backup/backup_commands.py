"""The commands `backup` and `restore`."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import msgspec
import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.backup import place
from ouzel.cli.backup.place import ConfigOption, ResumeDirOption
from ouzel.cli.display.output import Output
from ouzel.cli.display.units import format_count
from ouzel.cli.failure import ExitCode, print_error, say_without_end, warn
from ouzel.cli.importing.moving import PathMap
from ouzel.cli.sources.sources import BadSource
from protocol.durable.directory_lock import AlreadyLocked

if TYPE_CHECKING:
    from ouzel.cli.backup.archive import Manifest
    from ouzel.cli.backup.restoring import Restored

_ENDINGS: Final = (".tar", ".tar.gz", ".tgz")
_TELL_S: Final = 0.25

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup: a .tar or .tar.gz file.")]


def backup(
    file: BackupFile,
    resume_dir: ResumeDirOption = None,
    config: ConfigOption = None,
    with_secrets: Annotated[
        bool,
        typer.Option("--with-secrets", help="Add the configuration, and the keys and certificates that it names."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Back up all torrents, settings and the gateway's state to a file, also while the daemon runs.

    The backup has no payload. It has keys and the configuration only with --with-secrets. Run the command as root or as
    the daemon's user. An existing FILE is replaced once the new backup is complete. If anything cannot be in the
    backup, the exit code is 1.
    """
    # Most commands do not need these modules, and should start quickly.
    from ouzel.cli.backup import saving

    directory, store = place.find(resume_dir, config), place.gateway_store(resume_dir, config)
    _check_secrets(config, with_secrets)
    if not file.name.endswith(_ENDINGS):
        raise typer.BadParameter(f"its name has to end in one of {', '.join(_ENDINGS)}", param_hint="FILE")
    if not directory.is_dir() and not os.access(directory.parent, os.R_OK | os.X_OK):
        refuse(f"{directory} cannot be read by this user; run the command as the daemon's user or as root", as_json)
    if not directory.is_dir():
        raise place.missing(directory)
    if os.path.lexists(file) and not file.is_file():
        refuse(f"{file} is not a regular file; nothing was written", as_json)
    if file.absolute().resolve().is_relative_to(directory.resolve()):
        refuse(f"{file} is in the resume directory; choose another directory", as_json)
    progress = _Progress("backed up")
    try:
        made = saving.save(
            directory,
            file.absolute(),
            left_out=lambda problem: warn(f"left out: {problem}", as_json=as_json),
            progress=progress,
            store=store,
            secrets_of=config if with_secrets else None,
        )
    except OSError as error:
        refuse(_said(error), as_json)
    finally:
        progress.end()
    shown = {"file": str(file), "bytes": file.stat().st_size, **msgspec.to_builtins(made)}
    secrets = "; it has keys and passwords, so keep it private" if with_secrets else ""
    said = f"backed up {format_count(made.torrents, 'torrent')} to {file}, {shown['bytes']} bytes{secrets}"
    Output(as_json=as_json).show(shown, lambda: said)
    if made.left_out:
        raise typer.Exit(ExitCode.REFUSED)


def restore(
    file: BackupFile,
    resume_dir: ResumeDirOption = None,
    config: ConfigOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a resume directory that has records. The old one is kept.")
    ] = False,
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OLD=NEW", help="Files that were below OLD are below NEW now. Repeatable."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="NAME", help="The daemon's user, for root.", show_default="the directory's owner"
        ),
    ] = None,
    with_secrets: Annotated[
        bool,
        typer.Option("--with-secrets", help="Put back the configuration, keys and certificates, too. Keep old files."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Verify the backup, and only say what would happen.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup while no daemon runs: all of it, or nothing.

    If the backup has the gateway's state, the gateway has to be stopped, too. Put the payload into its place first.
    Files that are as they were at the time of the backup are not hashed. Claims on other files hold only once their
    pieces are hashed.
    """
    from ouzel.cli.backup import staging
    from ouzel.cli.backup.archive import Unusable
    from ouzel.cli.backup.gateway_store import GatewayRuns
    from ouzel.cli.backup.outside import Outside
    from ouzel.cli.backup.owner import acting_as_owner, acting_as_root
    from ouzel.cli.backup.restoring import Restorer
    from ouzel.cli.backup.secret_files import Secrets
    from ouzel.cli.backup.staging import Staging

    directory, path_map, output = place.find(resume_dir, config), PathMap.parse(mapped or []), Output(as_json=as_json)
    _check_secrets(config, with_secrets)
    secrets = Secrets(config.absolute()) if with_secrets and config is not None else None
    outside = Outside(place.gateway_store(resume_dir, config), secrets)
    unchanged = "nothing was changed"
    doubted = 0
    roots, outside_roots = place.download_roots(config), list[str]()

    def tell(restored: "Restored") -> None:
        nonlocal doubted
        doubted += restored.doubted != 0
        if roots and not any(Path(restored.save_path).is_relative_to(root) for root in roots):
            outside_roots.append(restored.save_path)
        if dry_run:
            _tell(output, restored)

    try:
        with file.open("rb") as source, acting_as_owner(directory, user):
            if dry_run:
                made, kept = Restorer(path_map, tell, outside).restore(source, None), None
            else:
                if not replace and directory.exists() and not staging.is_empty(directory):
                    refuse(f"{directory} has records; --replace replaces them, and keeps the old directory", as_json)
                with Staging(directory) as new:
                    made = Restorer(path_map, tell, outside).restore(source, new)
                    with outside.ready():
                        # The resume directory is the last, so that a command that was killed can be repeated.
                        unchanged = "not all was restored: repeat the command"
                        with acting_as_root():
                            outside.take_effect(directory)
                        kept = new.take_effect()
    except (AlreadyLocked, GatewayRuns) as error:
        refuse(f"{error}; stop it first", as_json)
    except KeyError:
        raise typer.BadParameter(f"there is no user {user!r}", param_hint="--user") from None
    except Unusable as error:
        refuse(f"{file}: {error}; nothing was changed", as_json)
    except OSError as error:
        refuse(f"{_said(error)}; {unchanged}", as_json)
    for sentence in outside.not_restored():
        warn(sentence, as_json=as_json)
    if outside_roots:
        some = (
            f"{format_count(len(outside_roots), 'torrent')} outside the download roots, such as in {outside_roots[0]}"
        )
        warn(f"{some}: map the path with --map, or add a root to {config}", as_json=as_json)
    _sum_up(output, made, directory, kept, doubted, len(outside_roots), outside.kept, dry_run=dry_run)


def _check_secrets(config: Path | None, wanted: bool) -> None:
    if wanted and config is None:
        raise typer.BadParameter("it needs --config, which names the keys", param_hint="--with-secrets")


def refuse(problem: str, as_json: bool) -> NoReturn:
    """Prints why the command was refused, and ends the command."""
    print_error(BadSource(problem), as_json=as_json)
    raise typer.Exit(ExitCode.REFUSED)


def _tell(output: Output, restored: "Restored") -> None:
    if output.as_json:
        output.json_line({"outcome": "would_restore", **msgspec.to_builtins(restored)})
    else:
        hashed = {None: "all claimed pieces are hashed", 0: "nothing is hashed"}.get(restored.doubted)
        files = hashed or f"the claimed pieces of {restored.doubted} files are hashed"
        output.line(f"would restore: {restored.torrent} {restored.name} in {restored.save_path}; {files}")


def _sum_up(
    output: Output,
    made: "Manifest",
    directory: Path,
    kept: Path | None,
    doubted: int,
    outside_roots: int,
    kept_files: list[Path],
    *,
    dry_run: bool,
) -> None:
    if output.as_json:
        document = {
            "manifest": msgspec.to_builtins(made),
            "resume_dir": str(directory),
            "dry_run": dry_run,
            "doubted": doubted,
            "outside_roots": outside_roots,
        }
        document |= {"kept": None if kept is None else str(kept), "kept_files": [str(each) for each in kept_files]}
        output.json_line(document)
        return
    what = f"{format_count(made.torrents, 'torrent')} of {made.created} from {made.host}"
    output.line(f"{'would restore' if dry_run else 'restored'} {what} in {directory}")
    if doubted:
        output.line(
            f"{format_count(doubted, 'torrent')} with changed or missing files: their claimed pieces are hashed"
        )
    if kept is not None:
        output.line(f"the former directory is {kept}; delete it once it is not needed")
    for each in kept_files:
        output.line(f"a former file is {each}; delete it once it is not needed")


def _said(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


class _Progress:
    """Shows a count on a terminal."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._told_at = 0.0
        self._shows = sys.stderr.isatty()
        self._shown = False

    def __call__(self, count: int) -> None:
        if self._shows and time.monotonic() - self._told_at >= _TELL_S:
            self._told_at = time.monotonic()
            self._shown = True
            say_without_end(f"\r{self._verb}: {count} torrents")

    def end(self) -> None:
        """Clears the line."""
        if self._shown:
            say_without_end("\r\x1b[K")
