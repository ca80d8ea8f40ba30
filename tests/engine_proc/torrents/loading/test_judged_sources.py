from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.session.session_port import SourceInfo
from engine_proc.torrents.loading.judged_sources import JUDGED_S, SOURCES_MAX, JudgedSource, JudgedSources
from protocol.wire.desired import DesiredTorrent

IDS: Final = [f"{number:040x}" for number in range(6)]


def source(torrent: str, *, size: int = 10, crc32: int = 7, save_path: str = "/data") -> JudgedSource:
    """A source of this size, inspected at 100."""
    return JudgedSource(bytes(size), crc32, save_path, SourceInfo(torrent, "name", ["/data/a"]), 100.0)


def desired(
    torrent: str, *, crc32: int | None = 7, save_path: str = "/data", magnet: str | None = None
) -> DesiredTorrent:
    """A record of it."""
    return DesiredTorrent(torrent=torrent, source="metainfo", save_path=save_path, metainfo_crc32=crc32, magnet=magnet)


def test_a_source_is_taken_once() -> None:
    """An add uses up the parsed source."""
    judged = JudgedSources()
    judged.keep(source(IDS[0]))
    assert judged.has(desired(IDS[0]))
    assert judged.pop(desired(IDS[0])) == source(IDS[0])
    assert judged.pop(desired(IDS[0])) is None


def test_a_record_of_something_else_is_not_given_it() -> None:
    """Another .torrent file, another save path, a link that got its metainfo later, or a record without checksum."""
    for other in (
        desired(IDS[0], crc32=8),
        desired(IDS[0], crc32=None),
        desired(IDS[0], save_path="/other"),
        desired(IDS[0], magnet="magnet:?xt=urn:btih:" + IDS[0]),
        desired(IDS[1]),
    ):
        judged = JudgedSources()
        judged.keep(source(IDS[0]))
        assert not judged.has(other)
        assert judged.pop(other) is None


def test_paths_are_judged_again_after_a_while() -> None:
    """A record may become durable much later than the inspection."""
    assert source(IDS[0]).paths_at(100.0 + JUDGED_S) == ()
    assert source(IDS[0]).paths_at(100.1 + JUDGED_S) == ["/data/a"]


@given(sizes=st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, 120)), min_size=1, max_size=20))
def test_what_is_kept_is_bounded(sizes: list[tuple[str, int]]) -> None:
    """The latest one is kept, unless it alone is too large."""
    judged = JudgedSources(bytes_max=100)
    for torrent, size in sizes:
        judged.keep(source(torrent, size=size))
    latest = dict(sizes)
    assert sum(latest[torrent] for torrent in latest if judged.has(desired(torrent))) <= 100
    torrent, size = sizes[-1]
    assert judged.has(desired(torrent)) is (size <= 100)


def test_so_many_small_ones_are_kept() -> None:
    """The oldest is evicted."""
    judged = JudgedSources()
    for number in range(SOURCES_MAX + 1):
        judged.keep(source(f"{number:040x}"))
    assert not judged.has(desired(f"{0:040x}"))
    assert judged.has(desired(f"{1:040x}"))
    assert judged.has(desired(f"{SOURCES_MAX:040x}"))
