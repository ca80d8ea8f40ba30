"""One download as a client sees it. The engine is killed half way."""

import os
import signal
from dataclasses import dataclass
from time import monotonic
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

import ouzel
from ouzel.cli.display import render
from ouzel.cli.display.output import Output
from ouzel.stream.table import Table
from protocol.wire.reports import HealthStatus
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.seed import Seed

HALF_WAY: Final = 0.5
STALLED_S: Final = 60.0


class StoryEnded(Exception):
    """The download cannot be completed."""


@dataclass
class Story:
    """A record of what has happened in the demonstration.

    Times are monotonic seconds. The time of an event is None until the event happens.

    Fields:
        supervisor: the pid of the supervisor.
        engines: the pids of the engines, in order.
        killed_at: when the engine was killed.
        ready_at: when the next engine accepted commands.
        flowing_at: when the next engine continued the download.
        statuses: the health statuses, one for each change.
    """

    supervisor: int
    engines: list[int]
    gen: int
    killed_at: float | None = None
    ready_at: float | None = None
    flowing_at: float | None = None
    completed: bool = False
    statuses: list[HealthStatus] | None = None


class Narrator:
    """Follows one torrent's events, kills the engine half way, and prints what happens.

    Args:
        story: the record to fill.
    """

    def __init__(self, torrent: str, story: Story, output: Output) -> None:
        self._torrent = torrent
        self._story = story
        self._output = output
        self._began = monotonic()
        self._moved_at = self._began
        self._done = 0
        self._restored = 0
        self.table = Table()

    def draw(self, table: Table) -> RenderableType:
        """Renders the progress bar, the health, and the processes."""
        story = self._story
        who = f"supervisor pid {story.supervisor}, engine pid {story.engines[-1]}, generation {story.gen}"
        lines = [render.download(table, self._torrent)]
        if table.status is HealthStatus.HEALTHY:
            lines.append(render.health_line(table))
        return Group(*lines, Text(who, style="dim"))

    @property
    def over(self) -> bool:
        """Whether the download is complete, another engine runs, and the service is healthy again."""
        return self._story.completed and self._story.ready_at is not None and self.table.status is HealthStatus.HEALTHY

    def take(self, item: ouzel.Event | ouzel.Resnapshot) -> None:
        """Handles one item of the stream. Raises StoryEnded if there was no progress for a minute."""
        before = self.table.status
        self.table.apply(item)
        if self.table.status is not before:
            self._note_status()
        if isinstance(item, ouzel.Event):
            self._take_event(item)
        self._watch_progress()

    def _take_event(self, event: ouzel.Event) -> None:
        story = self._story
        match event.type:
            case "engine_lost":
                how = event.data["signal"] or f"exit code {event.data['exit_code']}"
                self._say(f"engine pid {event.data['pid']} is gone ({how})", "yellow")
            case "engine_started" if event.gen > story.gen:
                story.gen, story.ready_at = event.gen, monotonic()
                story.engines.append(event.data["pid"])
                self._say(f"engine pid {story.engines[-1]} takes commands (generation {event.gen})", "green")
            case "progress" if story.ready_at and event.gen == story.gen and story.flowing_at is None:
                self._watch_flow(event)
            case "completed":
                story.completed = True
                self._say("the download is complete", "green")
            case "error" if not event.data["recoverable"]:
                raise StoryEnded(event.data["message"])

    def _watch_flow(self, event: ouzel.Event) -> None:
        """Notes when the download continues. Bytes before the first peer were restored. Later bytes were downloaded."""
        if not event.data["peers"]:
            self._restored = event.data["bytes_done"]
        elif event.data["bytes_done"] > self._restored:
            self._story.flowing_at = monotonic()
            self._say("the download goes on", "green")

    def _watch_progress(self) -> None:
        story, now = self._story, monotonic()
        row = self.table.rows.get(self._torrent)
        if row is not None and row.bytes_done != self._done:
            self._done, self._moved_at = row.bytes_done, now
        if now - self._moved_at > STALLED_S:
            raise StoryEnded(f"nothing has moved for {STALLED_S:g} s")
        if row is not None and row.progress >= HALF_WAY and story.killed_at is None:
            if story.completed:
                raise StoryEnded("it was complete before the engine could be killed")
            self._say(f"SIGKILL to engine pid {story.engines[-1]}", "bold red")
            story.killed_at = monotonic()
            os.kill(story.engines[-1], signal.SIGKILL)

    def _note_status(self) -> None:
        story = self._story
        story.statuses = [*(story.statuses or []), self.table.status]
        if self._output.console.is_terminal:  # if the output is a pipe, the screen reports the change
            style = "green" if self.table.status is HealthStatus.HEALTHY else "yellow"
            self._say(f"health: {render.health_line(self.table).plain}", style)

    def _say(self, text: str, style: str) -> None:
        at = f"{monotonic() - self._began:6.2f} s  "
        self._output.console.print(Text(at, style="dim") + Text(text, style=style))


def tell_story(daemon: Daemon, seed: Seed, made: Torrent, output: Output) -> Story:
    """Adds the torrent, and waits until it is complete and the service is healthy again.

    Raises:
        StoryEnded: the download cannot be completed.
        OuzelError: the daemon refused a command, or does not answer any more.
    """
    health = daemon.client.health()
    assert health.engine.pid is not None
    story = Story(supervisor=health.supervisor.pid, engines=[health.engine.pid], gen=health.engine.gen)
    output.line(f"A daemon runs: supervisor pid {story.supervisor}, engine pid {story.engines[0]}")
    stream = daemon.client.events(progress=True, torrent=made.torrent, ticks=True, snapshot=True)
    narrator = Narrator(made.torrent, story, output)
    with stream as events, output.screen(narrator.draw, made.torrent) as screen:
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        for item in events:
            narrator.take(item)
            screen.show(narrator.table, item)
            if narrator.over:
                break
    return story
