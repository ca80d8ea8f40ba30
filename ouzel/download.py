"""`ouzel add --wait`: adds a torrent and stays until its download came to an end, whatever happens to the engine."""

import msgspec

from ouzel import render
from ouzel.calls import Added, Call
from ouzel.client import Client
from ouzel.ending import Ending, Outcome
from ouzel.event import Event
from ouzel.feed import Item
from ouzel.listen import listen
from ouzel.output import Output
from ouzel.printable import clean
from ouzel.table import Table


def add_and_wait(client: Client, call: Call[Added], output: Output) -> Outcome:
    """Adds, shows progress, and gives how it ended.

    It subscribes before it adds, so that no event is missed; and it reads the row afterwards, since a torrent that was
    there before may be complete already and would have nothing to tell.

    As JSON: `{"type": "added", ...}`, then the events of the torrent and of the service, then `{"type": "ended", ...}`.

    Raises:
        OuzelError: the daemon refused to add it, or went away.
    """
    with client.events(ticks=True) as events:
        added = client.run(call)
        torrent = added.torrent
        events.follow(torrent)
        if output.as_json:
            output.json_line({"type": "added", **msgspec.to_builtins(added)})
        else:
            output.line(render.added(added))
        row = client.get_torrent(torrent)
        table, ending = Table(), Ending(torrent)
        table.begin([row], client.health())
        with output.screen(lambda table: render.download(table, torrent), torrent) as screen:
            screen.show(table, None)
            outcome = ending.see_row(row)
            heard = listen(events, output.check_reader)
            while outcome is None:
                item = next(heard)
                table.apply(item)
                if isinstance(item, Item):
                    outcome = ending.see(item)
                if isinstance(item, Event) and item.type == "state_changed" and outcome is Outcome.COMPLETED:
                    # The event does not tell how much was selected; the row does.
                    ending = Ending(torrent)
                    outcome = ending.see_row(client.get_torrent(torrent)) or outcome
                if output.as_json or outcome is not Outcome.REMOVED:  # that is said below
                    screen.show(table, item)
    if output.as_json:
        output.json_line({"type": "ended", "torrent": torrent, "outcome": outcome.value, "message": ending.message})
    else:
        output.line(f"{outcome.value}: {torrent}{' - ' if ending.message else ''}{clean(ending.message)}")
    return outcome
