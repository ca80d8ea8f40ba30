"""The public commands about peers. As in `protocol.wire.commands`, a Struct's tag is the `op`."""

from protocol.wire.commands import EngineRead


class ListPeers(EngineRead, frozen=True, kw_only=True, tag="list_peers"):
    """Returns the peers that a torrent is connected to, those with the highest rates first.

    The supervisor queries the engine, for at most half of the deadline. Without an answer it returns the peers that it
    received last, if it still has them; `age_ms` says how old they are.
    """
