"""The public commands about trackers and web seeds. As in `protocol.wire.commands`, a Struct's tag is the `op`."""

from typing import Annotated, Final

import msgspec

from protocol.wire.commands.kinds import MAX_URLS, EngineRead, Mutation, TorrentId, Url, WebSeedUrl
from protocol.wire.desired import Tier

MAX_ENTRIES: Final = 400
"""The maximum length of each list of trackers in a command. A frame has at most 1000 arrays and maps."""

KnownUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
"""A URL that a torrent has already. A URL in the torrent's source may have any form."""


class Reannounce(Mutation, frozen=True, kw_only=True, tag="reannounce"):
    """Announces a torrent now, even if a tracker requested a longer interval.

    If many torrents have to announce, about 50 torrents a second announce. `list_trackers` shows the outcome. The
    request is not stored. A torrent that is not loaded announces once it is loaded, also without this command.

    Fields:
        tracker: the URL of one of the torrent's trackers. Null means the DHT and the trackers that the torrent uses
            now. By default a tracker is used only if the trackers before it fail (BEP 12). libtorrent's settings can
            change that.
    """

    torrent: TorrentId
    tracker: KnownUrl | None = None


class TrackerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A tracker of the list.

    Fields:
        url: the tracker's URL.
        tier: 0..255 (BEP 12). A tier is used only if all trackers of lower tiers fail.
    """

    url: Url
    tier: Tier = 0


class UpdateTrackers(Mutation, frozen=True, kw_only=True, tag="update_trackers"):
    """Changes the list of a torrent's trackers, including those in its source.

    First `replace` applies, then `remove`, then `add`. `list_trackers` shows the new list at once. The change is
    permanent. It stays in force if the torrent gets metadata from its peers. It stays in force if the torrent's record
    is merged with another record. If many torrents have to announce to new trackers, about 50 torrents a second
    announce.

    Fields:
        replace: the whole new list. An empty list removes all trackers.
        add: trackers to add. If the torrent has a tracker already, its tier is changed.
        remove: URLs of trackers to remove. URLs that the torrent does not have are ignored.
    """

    torrent: TorrentId
    replace: Annotated[list[TrackerEntry], msgspec.Meta(max_length=MAX_ENTRIES)] | msgspec.UnsetType = msgspec.UNSET
    add: Annotated[list[TrackerEntry], msgspec.Meta(max_length=MAX_ENTRIES)] = []
    remove: Annotated[list[KnownUrl], msgspec.Meta(max_length=MAX_URLS)] = []


class UpdateWebSeeds(Mutation, frozen=True, kw_only=True, tag="update_web_seeds"):
    """Changes the web seeds (BEP 19) of a torrent, including those in its source, permanently.

    `list_web_seeds` shows the result at once. A slash at the end of a URL makes no difference.

    Fields:
        add: URLs to add. If a torrent has several files, the URL leads to the directory that contains the torrent's
            root folder.
        remove: URLs to remove. URLs that the torrent does not have are ignored.
    """

    torrent: TorrentId
    add: Annotated[list[WebSeedUrl], msgspec.Meta(max_length=MAX_URLS)] = []
    remove: Annotated[list[KnownUrl], msgspec.Meta(max_length=MAX_URLS)] = []


class ListWebSeeds(EngineRead, frozen=True, kw_only=True, tag="list_web_seeds"):
    """Returns the web seeds (BEP 19) of a torrent, including those in its source.

    The supervisor queries the engine, and waits for at most half of the deadline. Without an answer it returns the web
    seeds that it received last. If it has received none, it returns the web seeds in the torrent's record.
    """
