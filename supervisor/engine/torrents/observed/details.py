"""Computes the members of a torrent's details that depend only on its record and metadata. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from protocol.wire.desired import DesiredTorrent
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import RulesReport

_Member = Callable[[DesiredTorrent, KnownMetadata | None], Any]


def _rules(desired: DesiredTorrent, _: KnownMetadata | None) -> RulesReport:
    rules = desired.selection
    return RulesReport(
        include=list(rules.include), exclude=list(rules.exclude), skip_fluff=rules.skip_fluff, only=rules.only
    )


def _added_trackers(desired: DesiredTorrent, _: KnownMetadata | None) -> list[str]:
    added = [url for url, _ in desired.tracker_edits.added] if desired.tracker_edits is not None else []
    return list(dict.fromkeys([*desired.trackers, *added]))


def _private(_: DesiredTorrent, metadata: KnownMetadata | None) -> bool | None:
    return None if metadata is None or metadata.pieces is None else metadata.private


OF_RECORD: Final[Mapping[str, _Member]] = {
    "source": lambda desired, _: desired.source,
    "magnet": lambda desired, _: desired.magnet,
    "rules": _rules,
    "priorities": lambda desired, _: desired.selection.priorities,
    "trackers": _added_trackers,
    "web_seeds": lambda desired, _: list(desired.web_seeds),
    "seed_mode": lambda desired, _: desired.seed_mode,
    "files": lambda _, metadata: None if metadata is None else metadata.files,
    "piece_length": lambda _, metadata: None if metadata is None else metadata.piece_length,
    "pieces": lambda _, metadata: None if metadata is None else metadata.pieces,
    "private": _private,
    "comment": lambda _, metadata: "" if metadata is None else metadata.comment,
    "created_by": lambda _, metadata: "" if metadata is None else metadata.created_by,
    "created_us": lambda _, metadata: None if metadata is None else metadata.created_us,
    "revision": lambda desired, _: desired.revision,
}
"""By name, the function that returns a member for a record and the metadata that rows show."""
