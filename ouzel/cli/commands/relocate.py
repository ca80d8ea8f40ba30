"""The command `relocate`. It changes save paths after files were moved by other means."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output
from ouzel.cli.display.units import format_count
from ouzel.cli.failure import ExitCode, print_line
from ouzel.cli.importing.moving import PathMap
from ouzel.client.blocking import Client
from ouzel.errors import error_body
from protocol.wire.errors import OuzelError

_BATCH = 500
"""The number of torrents in a step. A repeated command continues with the torrents that are left."""


def relocate(
    context: typer.Context,
    old: Annotated[Path, typer.Option("--from", metavar="OLD", help="The directory where the files were.")],
    new: Annotated[Path, typer.Option("--to", metavar="NEW", help="The directory where they are now.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be changed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Change also torrents whose files are not at NEW.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the daemon that files have another path now. No file is moved, and unchanged files are not hashed.

    The save paths of torrents and categories below OLD get the same place below NEW. NEW has to be in a download root.
    A torrent whose files are not at NEW is not changed. The command can be repeated.
    """
    for path, option in ((old, "--from"), (new, "--to")):
        if not path.is_absolute():
            raise typer.BadParameter(f"{str(path)!r} is not an absolute path", param_hint=option)
    # Save paths have no symbolic links.
    path_map = PathMap({str(old): str(new), os.path.realpath(old): str(new)})
    with asking(context) as client:
        _Relocation(client, path_map, Output(as_json=as_json), dry_run=dry_run, force=force).run()


class _Relocation:
    """One run of the command."""

    def __init__(self, client: Client, path_map: PathMap, output: Output, *, dry_run: bool, force: bool) -> None:
        self._client = client
        self._map = path_map
        self._output = output
        self._dry_run = dry_run
        self._force = force
        self._done = 0
        self._failed = 0

    def run(self) -> None:
        """Changes categories, then torrents. Exits with 1 if anything was refused."""
        self._categories()
        rows = [(row.torrent, row.name, row.save_path) for row in self._client.list_torrents()]
        concerned = [row for row in rows if self._map.covers(row[2])]
        for start in range(0, len(concerned), _BATCH):
            self._torrents(concerned[start : start + _BATCH])
        if not self._output.as_json:
            verb = "would be relocated" if self._dry_run else "relocated"
            print_line(f"{format_count(self._done, 'torrent')} {verb}, {self._failed} not")
        if self._failed:
            raise typer.Exit(ExitCode.REFUSED)

    def _categories(self) -> None:
        for category in self._client.list_categories():
            if category.save_path is None or not self._map.covers(category.save_path):
                continue
            path = self._map(category.save_path)
            error = None
            try:
                if not self._dry_run:
                    self._client.put_category(category.name, path)
            except OuzelError as refusal:
                error = refusal
            self._tell({"category": category.name}, f"category {category.name}", category.save_path, path, error)

    def _torrents(self, rows: list[tuple[str, str, str]]) -> None:
        more = {"dry_run": self._dry_run, "force": self._force}
        asked: list[tuple[str, dict[str, Any]]] = [
            ("relocate_storage", {"torrent": torrent, "save_path": self._map(path), **more})
            for torrent, _, path in rows
        ]
        outcomes = self._client.request_many(asked)
        for (torrent, name, path), outcome in zip(rows, outcomes, strict=True):
            error = outcome if isinstance(outcome, OuzelError) else None
            missing = [] if isinstance(outcome, OuzelError) else list(outcome["missing"])
            counts = error is None and (not missing or self._force)
            self._done, self._failed = self._done + counts, self._failed + (not counts)
            subject = {"torrent": torrent, "name": name}
            self._tell(subject, f"{torrent} {name}", path, self._map(path), error, missing)

    def _tell(
        self,
        subject: dict[str, str],
        shown: str,
        old: str,
        new: str,
        error: OuzelError | None,
        missing: list[str] | None = None,
    ) -> None:
        stays = error is not None or (bool(missing) and not self._force)
        verb = ("would not relocate" if stays else "would relocate") if self._dry_run else "relocated"
        verb = "not relocated" if stays and not self._dry_run else verb
        if self._output.as_json:
            outcome = verb.replace(" ", "_")
            document = {"outcome": outcome, **subject, "from": old, "to": new, "missing": missing or []}
            self._output.json_line(document | ({} if error is None else {"error": error_body(error)}))
            return
        self._output.line(f"{verb}: {shown}: {old} to {new}")
        if error is not None:
            self._output.line(f"  {error}")
        for path in missing or []:
            self._output.line(f"  not there: {path}")
