"""The public commands about trackers and web seeds. As in `protocol.wire.commands`, a Struct's tag is the `op`."""

from typing import Annotated, Final

import msgspec

from protocol.wire.commands.kinds import MAX_URLS, EngineRead, Mutation, TorrentId, Url, WebSeedUrl
from protocol.wire.desired import Tier

MAX_ENTRIES: Final = 400
"""The maximum length of each list of trackers in a command. A frame has at most 1000 arrays and maps."""

KnownUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
"""A URL that a torrent has already. Those in its source may have any form."""


class Reannounce(Mutation, frozen=True, kw_only=True, tag="reannounce"):
    """Announces a torrent now, even if a tracker requested a longer interval.

    If many torrents are to announce, about 50 a second do. `list_trackers` shows the outcome. The request is not
    stored. A torrent that is not loaded announces as soon as it is loaded, without this command.

    Fields:
        tracker: the URL of one of the torrent's trackers. Null means the DHT, and the trackers that the torrent uses
            now. Of these, a further one is used only if those before it fail (BEP 12), unless libtorrent's settings say
            otherwise.
    """

    torrent: TorrentId
    tracker: KnownUrl | None = None


class TrackerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A tracker of the list.

    Fields:
        url: the tracker's URL.
        tier: 0..255 (BEP 12); a tier is used only if all trackers of lower tiers fail.
    """

    url: Url
    tier: Tier = 0


class UpdateTrackers(Mutation, frozen=True, kw_only=True, tag="update_trackers"):
    """Changes the list of a torrent's trackers, including those in its source.

    First `replace` applies, then `remove`, then `add`. `list_trackers` shows the new list at once. The change is
    permanent, also if the torrent gets metadata from its peers, or is merged with another record of the same torrent.
    If many torrents are to announce to their new trackers, about 50 a second do.

    Fields:
        replace: the whole new list; an empty one removes all trackers.
        add: trackers to add. For a tracker that the torrent has already, this sets the tier.
        remove: URLs of trackers to remove; those that the torrent does not have are ignored.
    """

    torrent: TorrentId
    replace: Annotated[list[TrackerEntry], msgspec.Meta(max_length=MAX_ENTRIES)] | msgspec.UnsetType = msgspec.UNSET
    add: Annotated[list[TrackerEntry], msgspec.Meta(max_length=MAX_ENTRIES)] = []
    remove: Annotated[list[KnownUrl], msgspec.Meta(max_length=MAX_URLS)] = []


class UpdateWebSeeds(Mutation, frozen=True, kw_only=True, tag="update_web_seeds"):
    """Changes the web seeds (BEP 19) of a torrent, including those in its source, permanently.

    `list_web_seeds` shows the result at once. A slash at the end of a URL makes no difference.

    Fields:
        add: URLs to add. For a torrent with several files, the URL is that of the directory that contains the torrent's
            root folder.
        remove: URLs to remove; those that the torrent does not have are ignored.
    """

    torrent: TorrentId
    add: Annotated[list[WebSeedUrl], msgspec.Meta(max_length=MAX_URLS)] = []
    remove: Annotated[list[KnownUrl], msgspec.Meta(max_length=MAX_URLS)] = []


class ListWebSeeds(EngineRead, frozen=True, kw_only=True, tag="list_web_seeds"):
    """Returns the web seeds (BEP 19) of a torrent, including those in its source.

    The supervisor queries the engine, and waits for at most half of the deadline. Without an answer it returns the web
    seeds that it received last; if it has none, those in the torrent's record.
    """
