"""The endpoints of tags. A tag is a label in the daemon. The gateway stores tags without torrents."""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.responses import Response

from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from protocol.wire.commands.kinds import MAX_LABELS

MAX_TAG: Final = 200
"""The maximum length of a label."""


def tags_in(text: str) -> list[str]:
    """Splits a list at its commas. Removes blanks around tags, and ignores tags that are too long."""
    found = (each.strip() for each in text.split(","))
    return list(dict.fromkeys(each for each in found if 0 < len(each) <= MAX_TAG))


def all_tags(desk: Desk) -> list[str]:
    """All tags, sorted: the tags that clients made, and the labels of torrents."""
    labels = (label for each in desk.many("all") for label in each.row.labels)
    return sorted({*desk.kept.tags(), *labels})


async def list_tags(desk: Desk, _: Fields) -> Response:
    """All tags."""
    return answers.json(all_tags(desk))


async def add_tags(desk: Desk, fields: Fields) -> None:
    """Gives tags to torrents."""
    tags = tags_in(fields["tags"])
    await desk.kept.add_tags(tags)
    await relabel(desk, lambda: desk.many(fields["hashes"]), lambda labels: [*labels, *tags])


async def remove_tags(desk: Desk, fields: Fields) -> None:
    """Removes tags from torrents. Without the parameter `tags`, removes all tags."""
    gone = set(tags_in(fields.get("tags", "")))
    await desk.refresh(desk.many(fields["hashes"]))
    await desk.kept.add_tags(label for each in desk.many(fields["hashes"]) for label in each.row.labels)
    await relabel(
        desk,
        lambda: desk.many(fields["hashes"]),
        lambda labels: [each for each in labels if gone and each not in gone],
    )


async def set_tags(desk: Desk, fields: Fields) -> None:
    """Replaces the tags of torrents."""
    tags = tags_in(fields["tags"])
    await desk.kept.add_tags(tags)
    await relabel(desk, lambda: desk.many(fields["hashes"]), lambda _: tags)


async def create_tags(desk: Desk, fields: Fields) -> None:
    """Makes tags without torrents."""
    await desk.kept.add_tags(tags_in(fields["tags"]))


async def delete_tags(desk: Desk, fields: Fields) -> None:
    """Deletes tags, and removes them from all torrents."""
    gone = set(tags_in(fields["tags"]))
    await desk.kept.delete_tags(gone)
    await relabel(desk, lambda: desk.many("all"), lambda labels: [each for each in labels if each not in gone])


async def relabel(
    desk: Desk, select: Callable[[], list[Torrent]], change: Callable[[list[str]], Iterable[str]]
) -> None:
    """Changes the labels of torrents.

    Each change writes a whole list. So requests wait for each other, and the torrents are read from the daemon first:
    another client's change of labels is no event, and the mirror may be old.
    """
    async with desk.turn:
        await desk.refresh(select())
        torrents = select()
        wanted = {each.row.torrent: list(dict.fromkeys(change(each.row.labels)))[:MAX_LABELS] for each in torrents}
        changed = [each for each in torrents if wanted[each.row.torrent] != each.row.labels]
        await desk.run(
            changed, [calls.update_options(each.row.torrent, labels=wanted[each.row.torrent]) for each in changed]
        )


ENDPOINTS = (
    Endpoint("torrents/tags", list_tags, reads=True),
    Endpoint("torrents/addTags", add_tags, ("hashes", "tags")),
    Endpoint("torrents/removeTags", remove_tags, ("hashes",)),
    Endpoint("torrents/setTags", set_tags, ("hashes", "tags")),
    Endpoint("torrents/createTags", create_tags, ("tags",)),
    Endpoint("torrents/deleteTags", delete_tags, ("tags",)),
)
