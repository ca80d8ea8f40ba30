import urllib.request

from tools.compare.tracker import SeedTracker
from tools.rig import bencode


def test_each_announce_gets_the_address_of_the_seed() -> None:
    """In the compact form of BEP 23."""
    with (
        SeedTracker("127.0.0.1", ("10.77.0.1", 6881)) as tracker,
        urllib.request.urlopen(f"{tracker.url}?info_hash=x", timeout=10) as reply,
    ):
        answer = bencode.decode(reply.read())
    assert isinstance(answer, dict)
    assert answer[b"peers"] == bytes([10, 77, 0, 1]) + (6881).to_bytes(2)
