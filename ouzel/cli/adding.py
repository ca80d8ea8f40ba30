"""Adds the sources of `ouzel add` in batches, and reports the outcome of each source."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ouzel.cli.display import add_lines
from ouzel.cli.display.output import Output
from ouzel.cli.failure import ExitCode, print_error, print_line, usage_body, warn
from ouzel.cli.sources.gathering import Found
from ouzel.cli.sources.sources import BadSource
from ouzel.client.blocking import Client
from ouzel.client.calls import Added, Call
from ouzel.errors import NotRunning, Refused, error_body
from protocol.wire.errors import OuzelError

BATCH: Final = 64
BATCH_BYTES: Final = 4 * 1024 * 1024

Outcome = Added | OuzelError | BadSource


def add_found(
    client: Client, found: Iterable[Found], build: Callable[[Found], Call[Added]], *, batch: int = BATCH
) -> Iterator[tuple[Found, Outcome]]:
    """Adds torrents in order. Yields each torrent with its outcome.

    Args:
        build: makes the call for one source.
        batch: how many calls are sent together. The number has to be 1 if opening the next source may take long.

    Raises:
        NotRunning: no daemon answers. Torrents without a yielded outcome may have been added.
        OuzelError: an argument that all calls share cannot be sent.
    """
    waiting: list[Found] = []
    size = 0
    for each in found:
        waiting.append(each)
        size += len(each.metainfo or b"")
        if len(waiting) >= batch or size >= BATCH_BYTES:
            yield from _add(client, waiting, build)
            waiting, size = [], 0
    yield from _add(client, waiting, build)


def _add(
    client: Client, found: Sequence[Found], build: Callable[[Found], Call[Added]]
) -> Iterator[tuple[Found, Outcome]]:
    good = [each for each in found if each.problem is None]
    try:
        outcomes = iter(client.run_many([build(each) for each in good]) if good else [])
    except NotRunning:
        raise
    except OuzelError as error:  # this call cannot be sent
        if len(found) > 1:
            for each in found:
                yield from _add(client, [each], build)
            return
        outcomes = iter([error])
    for each in found:
        yield each, each.problem or _naming(each, next(outcomes))


def _naming(found: Found, outcome: Added | OuzelError) -> Added | OuzelError:
    """Returns the outcome. Adds the name of the source if the daemon refused metainfo."""
    if not (isinstance(outcome, Refused) and outcome.field == "args.metainfo"):
        return outcome
    named = "standard input" if found.named == "-" else repr(found.named)
    reason = outcome.body.message.removeprefix("args.metainfo: ")
    return Refused(msgspec.structs.replace(outcome.body, message=f"{named} is not a torrent file: {reason}"))


@dataclass
class Report:
    """Prints the outcome of each source, and determines the exit code.

    Fields:
        many: whether there may be several sources. If so, each line names its source.
        events: whether events follow. If so, each JSON object has a `type`.
        options: the given options that have no effect on a torrent that exists already.
        torrents: the ids of torrents that were added, or existed already.
    """

    output: Output
    many: bool
    options: Sequence[str]
    events: bool = False
    torrents: list[str] = field(default_factory=list)
    refused: int = 0
    unusable: int = 0

    def print_outcome(self, found: Found, outcome: Outcome) -> None:
        """Prints a line, or a JSON object."""
        if isinstance(outcome, Added):
            self._added(found, outcome)
            return
        if isinstance(outcome, OuzelError) or outcome.name != "usage":
            self.refused += 1
        else:
            self.unusable += 1
        if self.output.as_json:
            body = error_body(outcome) if isinstance(outcome, OuzelError) else usage_body(str(outcome), outcome.name)
            self.output.json_line({"source": found.named, "error": body})
        names_itself = isinstance(outcome, BadSource) or found.named in str(outcome)
        print_error(
            outcome, as_json=self.output.as_json, subject=found.named if self.many and not names_itself else None
        )

    def _added(self, found: Found, added: Added) -> None:
        self.torrents.append(added.torrent)
        ignored = list(self.options) if added.duplicate else []
        if self.output.as_json:
            document = ({"type": "added"} if self.events else {}) | {
                "source": found.named,
                **msgspec.to_builtins(added),
            }
            self.output.json_line(document | ({"ignored": ignored} if ignored else {}))
            return
        for line in add_lines.added(added, found.named if self.many else None):
            self.output.line(line)
        if ignored:
            have = "has" if len(ignored) == 1 else "have"
            warn(f"{added.torrent} was there already; {', '.join(ignored)} {have} no effect", as_json=False)

    def end(self) -> ExitCode:
        """Prints a summary if there was an error, and returns the exit code."""
        failed = self.refused + self.unusable
        count = failed + len(self.torrents)
        if failed and count > 1 and not self.output.as_json:
            print_line(f"{failed} of {count} sources could not be added")
        return ExitCode.REFUSED if self.refused else ExitCode.USAGE if self.unusable else ExitCode.OK
