"""Adds the torrents of a profile to the daemon one after the other, and reports the outcome of each."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import msgspec
import typer

from ouzel.cli.display.output import Output
from ouzel.cli.failure import ExitCode, print_error, print_line
from ouzel.cli.importing.moved_torrent import Found, Goal, MovedTorrent, Unusable
from ouzel.cli.sources.sources import BadSource
from ouzel.client.blocking import Client
from ouzel.errors import NotRunning, error_body
from protocol.wire.desired import TorrentOptions
from protocol.wire.errors import OuzelError


class PathMap:
    """Replaces the beginning of paths.

    Args:
        pairs: the new directory for each old directory. If several old directories contain a path, the longest applies.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = sorted(pairs.items(), key=lambda pair: -len(PurePosixPath(pair[0]).parts))

    def __call__(self, path: str) -> str:
        """Returns a path as the daemon knows it."""
        for old, new in self._pairs:
            if PurePosixPath(path).is_relative_to(old):
                return str(PurePosixPath(new) / PurePosixPath(path).relative_to(old))
        return path

    def covers(self, path: str) -> bool:
        """Whether an old directory contains a path, or is the path."""
        return any(PurePosixPath(path).is_relative_to(old) for old, _ in self._pairs)

    @classmethod
    def parse(cls, mapped: Sequence[str], hint: str = "--map") -> "PathMap":
        """Parses options of the form `OLD=NEW`. Raises typer.BadParameter."""
        for each in mapped:
            old, _, new = each.partition("=")
            if not old.startswith("/") or not new.startswith("/"):
                raise typer.BadParameter(f"{each!r} is not OLD=NEW with two absolute paths", param_hint=hint)
        return cls(dict(each.split("=", 1) for each in mapped))


def arguments(moved: MovedTorrent, save_path: str) -> dict[str, Any]:
    """The arguments of `add_torrent`."""
    return {
        "magnet": moved.magnet,
        "metainfo": moved.metainfo,
        "resume": moved.resume,
        "save_path": save_path or None,
        "paused": moved.paused,
        "sequential": moved.sequential,
        "priorities": dict(moved.priorities),
        "download_bps": moved.download_bps,
        "upload_bps": moved.upload_bps,
        "labels": list(moved.labels),
        "added_us": moved.added_us,
        "options": options(moved),
    }


def options(moved: MovedTorrent) -> TorrentOptions:
    """The options for a torrent of a profile."""
    return TorrentOptions(
        first_last_piece_first=moved.first_last_piece_first,
        force_start=moved.forced and not moved.paused,
        ratio_goal=None if moved.ratio_goal == "none" else moved.ratio_goal,
        seeding_time_goal_s=_time_goal(moved.seeding_time_goal_s),
        inactive_time_goal_s=_time_goal(moved.inactive_time_goal_s),
    )


def _time_goal(goal: Goal) -> int | Literal["global"] | None:
    if isinstance(goal, str):
        return None if goal == "none" else goal
    return max(1, int(goal))


class Mover:
    """Adds torrents, or says what would be added.

    Args:
        client: the daemon; None for a dry run.
        categories: the save path of each category of the profile. Empty if there are none.
    """

    def __init__(self, client: Client | None, output: Output, path_map: PathMap, categories: Mapping[str, str]) -> None:
        self._client = client
        self._profile_categories = categories
        self._categories: dict[str, str | None] = {}
        """For each category that was needed: why the daemon does not have it, or None if the daemon has it."""
        self._output = output
        self._path_map = path_map
        self._counts = {"added": 0, "there": 0, "failed": 0}

    def move(self, torrents: Iterable[Found]) -> ExitCode:
        """Handles all torrents. Returns the exit code. Raises NotRunning."""
        for each in torrents:
            if isinstance(each, MovedTorrent):
                self._one(each)
            else:
                self._failed(each[0], each[1])
        counts, dry = self._counts, self._client is None
        if not self._output.as_json:
            added = f"{counts['added']} {'to add' if dry else 'added'}"
            print_line(f"{added}, {counts['there']} already there, {counts['failed']} failed")
        return ExitCode.REFUSED if counts["failed"] else ExitCode.OK

    def _one(self, moved: MovedTorrent) -> None:
        save_path = self._path_map(moved.save_path)
        if self._client is None:
            self._told(moved, save_path, "would_add", None)
            return
        notes = []
        category = moved.category or None
        if category is not None and (problem := self._ensure_category(self._client, category)) is not None:
            notes.append(f"the category {category!r} could not be created: {problem}")
            category = None
        try:
            added = self._client.add_torrent(**arguments(moved, save_path), category=category)
        except NotRunning:
            raise
        except OuzelError as error:
            self._failed(moved.named, error)
            return
        outcome = "already_there" if added.duplicate else "added"
        self._told(moved, save_path, outcome, added.torrent, notes)

    def _ensure_category(self, client: Client, name: str) -> str | None:
        """Creates a category if the daemon does not have it. Returns the problem, if any. Raises NotRunning."""
        if not self._categories:
            self._categories.update({each.name: None for each in client.list_categories()})
        if name not in self._categories:
            path = self._profile_categories.get(name, "")
            try:
                client.put_category(name, self._path_map(path) if path else None)
                self._categories[name] = None
            except NotRunning:
                raise
            except OuzelError as error:
                self._categories[name] = str(error)
        return self._categories[name]

    def _told(
        self, moved: MovedTorrent, save_path: str, outcome: str, torrent: str | None, more: Sequence[str] = ()
    ) -> None:
        self._counts["there" if outcome == "already_there" else "added"] += 1
        notes = [*moved.notes, *more]
        if self._output.as_json:
            told = msgspec.to_builtins(moved, builtin_types=(bytes,))
            for name in ("magnet", "metainfo", "resume", "save_path", "notes"):
                told.pop(name)
            self._output.json_line(
                {"outcome": outcome, "torrent": torrent, "save_path": save_path, "notes": notes, **told}
            )
            return
        verb = {"would_add": "would add", "already_there": "already there", "added": "added"}[outcome]
        state = ", ".join(filter(None, (f"{moved.progress:.1%}", "paused" if moved.paused else "", moved.category)))
        self._output.line(f"{verb}: {moved.name} ({state}) in {save_path or 'the first root'}")
        for note in notes:
            self._output.line(f"  {note}")

    def _failed(self, named: str, error: OuzelError | Unusable) -> None:
        self._counts["failed"] += 1
        if self._output.as_json and isinstance(error, OuzelError):
            self._output.json_line({"outcome": "failed", "named": named, "error": error_body(error)})
        elif self._output.as_json:
            body = {"code": 0, "name": "unusable", "message": str(error), "retry": "never"}
            self._output.json_line({"outcome": "failed", "named": named, "error": body})
        else:
            shown = error if isinstance(error, OuzelError) else BadSource(f"{named}: {error}")
            print_error(shown, as_json=False, subject=named)
