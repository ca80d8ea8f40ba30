"""`ouzel add --wait`: waits until a download ends, even if the engine dies."""

from ouzel.cli.display import render
from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean
from ouzel.cli.listen import listen
from ouzel.client.blocking import Client
from ouzel.client.events import Events
from ouzel.errors import Refused
from ouzel.stream.ending import Ending, Outcome
from ouzel.stream.event import Event
from ouzel.stream.feed import Item
from ouzel.stream.table import Table
from protocol.wire.errors import ErrorKind


def wait_for(client: Client, torrent: str, output: Output) -> Outcome:
    """Shows the progress of a torrent until it ends, and returns the outcome.

    The function subscribes before it reads the row, so it misses no event. It needs the row, because a complete torrent
    causes no further events. The JSON output has the events of the torrent and of the service. The last object is
    `{"type": "ended", ...}`.

    Raises:
        OuzelError: the daemon does not answer any more.
    """
    with client.events(ticks=True) as events:
        return _follow(client, events, torrent, output)


def _follow(client: Client, events: Events, torrent: str, output: Output) -> Outcome:
    events.follow(torrent)
    try:
        row = client.get_torrent(torrent)
    except Refused as error:
        if error.kind is not ErrorKind.UNKNOWN_TORRENT:
            raise
        return _end(torrent, Outcome.REMOVED, "", output)
    table, ending = Table(), Ending(torrent)
    table.begin([row], client.health())
    with output.screen(lambda table: render.download(table, torrent), torrent) as screen:
        screen.show(table, None)
        outcome = ending.handle_row(row)
        heard = listen(events, output.check_reader)
        while outcome is None:
            item = next(heard)
            table.apply(item)
            if isinstance(item, Item):
                outcome = ending.handle(item)
            if isinstance(item, Event) and item.type == "state_changed" and outcome is Outcome.COMPLETED:
                # The event lacks the size of the selection, which is in the row.
                ending = Ending(torrent)
                outcome = ending.handle_row(client.get_torrent(torrent)) or outcome
            if output.as_json or outcome is not Outcome.REMOVED:  # the removal is reported below
                screen.show(table, item)
    return _end(torrent, outcome, ending.message, output)


def _end(torrent: str, outcome: Outcome, message: str, output: Output) -> Outcome:
    if output.as_json:
        output.json_line({"type": "ended", "torrent": torrent, "outcome": outcome.value, "message": message})
    else:
        output.line(f"{outcome.value}: {torrent}{' - ' if message else ''}{clean(message)}")
    return outcome
