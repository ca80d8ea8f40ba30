"""The public commands about peers, and about the pieces that they have.

As in `protocol.wire.commands`, a Struct's tag is the `op`.
"""

from protocol.wire.commands.kinds import Endpoint, EngineRead, InstantRead, Mutation


class ListPeers(EngineRead, frozen=True, kw_only=True, tag="list_peers"):
    """Returns the peers that a torrent is connected to. Peers with the highest rates are first.

    The supervisor queries the engine, and waits for at most half of the deadline. Without an answer it returns the
    peers that it received last, if it still has them. `age_ms` is the age of this list.
    """


class PieceMap(EngineRead, frozen=True, kw_only=True, tag="piece_map"):
    """Returns which pieces a torrent has, and how many peers have each piece.

    The supervisor queries the engine, and waits for at most half of the deadline. Without an answer it returns the last
    map that it received, if it still has this map. `age_ms` is the age of this map.
    """


class ListBans(InstantRead, frozen=True, kw_only=True, tag="list_bans"):
    """Returns the banned IP addresses."""


class BanPeer(Mutation, frozen=True, kw_only=True, tag="ban_peer"):
    """Bans an IP address for all torrents until `unban_peer`, even across restarts.

    Connections to the address are closed, and no new connections are made or accepted. Web seeds at the address are not
    used. Trackers at the address are still used. At most 10,000 addresses can be banned.

    Fields:
        peer: an IP address, or `address:port` as in `list_peers`. The ban applies to all ports of the address.
    """

    peer: Endpoint


class UnbanPeer(Mutation, frozen=True, kw_only=True, tag="unban_peer"):
    """Lifts the ban of an IP address. An address that is not banned is not changed.

    Fields:
        peer: an IP address, or `address:port` as in `list_peers`.
    """

    peer: Endpoint
