import asyncio
from pathlib import Path
from typing import Any

import pytest

from ouzel import AsyncClient, Client
from tests.ouzel.samples import ID


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        ("add_torrent", ("magnet:?",), r"add_torrent\(\) takes its arguments by name: add_torrent\(magnet=..., metai"),
        ("list_files", (ID,), r"list_files\(\) takes its arguments by name: list_files\(torrent=..., limit=...\)"),
        ("list_torrents", ([ID],), r"list_torrents\(\) takes its arguments by name: list_torrents\(ids=..., state"),
        ("remove_torrent", (ID, True), r"takes torrent and then names alone: remove_torrent\(torrent, delete_files="),
        ("health", (1,), r"health\(\) takes no arguments, and 1 came"),
        ("wait", (ID, 5), r"wait\(\) takes torrent and then names alone: wait\(torrent, timeout_s=...\)"),
        (
            "events",
            (True,),
            r"events\(\) takes its arguments by name: events\(progress=..., torrent=..., ",
        ),
    ],
)
def test_arguments_without_a_name_are_refused_in_words(
    tmp_path: Path, kind: Any, method: str, given: tuple[Any, ...], told: str
) -> None:
    """At the call, also if it returns an iterator; no request is sent."""

    async def call() -> None:
        async with AsyncClient(tmp_path) as client:
            await getattr(client, method)(*given)

    def call_blocking() -> None:
        with Client(tmp_path) as client:
            getattr(client, method)(*given)

    with pytest.raises(TypeError, match=told):
        asyncio.run(call()) if kind is AsyncClient else call_blocking()


def test_what_else_is_wrong_is_said_at_the_call(tmp_path: Path) -> None:
    """Not at the first item."""
    with Client(tmp_path) as client:
        with pytest.raises(TypeError, match="torrent"):
            client.list_files()  # type: ignore[call-arg]  # what is tested
        with pytest.raises(TypeError, match="speed"):
            client.list_torrents(speed=5)  # type: ignore[call-arg]  # what is tested
        with pytest.raises(ValueError, match="no_such"):
            client.list_torrents(state="no_such")
