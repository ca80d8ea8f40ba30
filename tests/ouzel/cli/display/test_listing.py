"""Lists of torrents."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from ouzel.cli.display import listing
from ouzel.cli.display.listing import ColumnName, SortKey, StateFilter
from protocol.wire.rows import TorrentRow, TorrentState
from tests.ouzel.samples import ID, OTHER, row, told

JAPANESE = "機動警察パトレイバー 第01話"
ARABIC = "الدرس الأول في اللغة العربية"
LONG = "名" * 83 + "x"  # 250 bytes

NARROW = """\
ID       NAME         STATE         DONE
00000000 ubuntu-24.1… downloading  50.0%
00000001 機動警察パ … stalled      50.0%
00000002 الدرس الأول… seeding     100.0%
00000003 名名名名名 … error         0.0%
00000004 00000000000… fetching_m…   0.0%
5 torrents; down 2.0 MB/s; up 512.0 kB/s
"""
MIDDLE = """\
ID       NAME                     STATE             DONE RATIO     DOWN      ETA
00000000 ubuntu-24.10.iso         downloading      50.0%  0.50 2.0 MB/s 1 m 30 s
00000001 機動警察パトレイバー 第… stalled          50.0%  0.50    0 B/s        -
00000002 الدرس الأول في اللغة ال… seeding         100.0%  2.00        -        -
00000003 名名名名名名名名名名名 … error             0.0%  0.50        -        -
00000004 00000000000000000000000… fetching_metad…   0.0%     -    0 B/s        -
5 torrents; 2.0 kB of 4.0 kB; down 2.0 MB/s; up 512.0 kB/s; ratio 0.00
"""


def seen(renderable: RenderableType, width: int = 400) -> str:
    """The output on a terminal without colours, without padding."""
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(renderable)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def various() -> list[TorrentRow]:
    """A list with rows of every kind."""
    ids = [f"{number:08d}" + "0" * 32 for number in range(5)]
    return [
        told(ids[0], name="ubuntu-24.10.iso"),
        told(ids[1], name=JAPANESE, download_bps=0, stalled_since_us=5),
        told(ids[2], name=ARABIC, state=TorrentState.SEEDING, progress=1.0, upload_bps=512_000, ratio=2.0, eta_s=None),
        told(ids[3], name=LONG, state=TorrentState.ERROR, progress=0.0, download_bps=0, error="no space left on disk"),
        told(
            ids[4], name="0" * 30, state=TorrentState.FETCHING_METADATA, progress=0.0, size=0, bytes_total=0,
            bytes_done=0, download_bps=0, ratio=None, eta_s=None,
        ),
    ]  # fmt: skip


def screen(rows: Sequence[TorrentRow], width: int) -> str:
    """The output of `ls`."""
    return seen(listing.torrents(rows, width), width) + seen(listing.totals(rows, width), width)


@pytest.mark.parametrize(("width", "expected"), [(40, NARROW), (80, MIDDLE)])
def test_a_narrow_list_keeps_the_names(width: int, expected: str) -> None:
    """Other columns are dropped, and a state is cut before a name is."""
    assert screen(various(), width) == expected


def test_a_wide_list_has_all_columns() -> None:
    """Inactive torrents have no rate and no ETA."""
    lines = screen(various(), 240).splitlines()
    assert lines[0].split() == ["ID", "NAME", "STATE", "DONE", "SIZE", "RATIO", "DOWN", "UP", "ETA", "PEERS", "WHY"]
    assert " ".join(lines[1].split()[2:]) == "downloading 50.0% 1.0 kB 0.50 2.0 MB/s 0 B/s 1 m 30 s 3"
    assert lines[2].split()[3:5] == ["stalled", "50.0%"]
    assert lines[3].split()[6:] == ["seeding", "100.0%", "1.0", "kB", "2.00", "-", "512.0", "kB/s", "-", "3"]
    assert lines[4].endswith("no space left on disk")
    assert lines[-1] == (
        "5 torrents: 1 downloading, 1 stalled, 1 seeding, 1 error, 1 fetching_metadata; 2.0 kB of 4.0 kB; "
        "down 2.0 MB/s; up 512.0 kB/s; ratio 0.00"
    )


@given(
    st.lists(
        st.tuples(st.text(max_size=90), st.sampled_from(TorrentState), st.booleans(), st.integers(0, 10**15)),
        max_size=5,
    ),
    st.integers(40, 250),
)
def test_no_line_is_wider_than_the_terminal_and_every_name_has_room(
    drawn: list[tuple[str, TorrentState, bool, int]], width: int
) -> None:
    """At any width from 40 on, whatever the names and the numbers are."""
    rows = [
        told(f"{number:040x}", name=name, state=state, size=size, download_bps=size, error="x" * 80 if bad else None)
        for number, (name, state, bad, size) in enumerate(drawn)
    ]
    lines = seen(listing.torrents(rows, width), width).splitlines()
    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= width for line in lines)
    for line, each in zip(lines[1:], rows, strict=True):
        whole = " ".join(listing.name_of(each).split())
        shown = " ".join(line[9:].split())
        assert shown.startswith(whole) if cell_len(listing.name_of(each)) <= 12 else shown.startswith(whole[:5])


def test_rates_of_what_is_complete_or_at_rest_are_stale() -> None:
    """They are neither shown nor counted."""
    done = told(state=TorrentState.FINISHED, progress=1.0, download_bps=7000, upload_bps=9000, eta_s=5)
    paused = told(OTHER, state=TorrentState.PAUSED, download_bps=7000, upload_bps=9000)
    shown = screen([done, paused], 200)
    assert "7.0 kB" not in shown
    assert shown.count("9.0 kB/s") == 2
    assert "5 s" not in shown


def test_a_row_that_no_engine_told_of_for_long_says_how_old_it_is() -> None:
    """Only in lists that were requested: rows of a stream keep their first age."""
    rows = [row(age_ms=12_000), row(OTHER), row(age_ms=None)]
    lines = seen(listing.torrents(rows, 200, ages=True)).splitlines()
    assert lines[0].split()[-1] == "AGE"
    assert [line.endswith("12 s old") for line in lines[1:]] == [True, False, False]
    assert "old" not in seen(listing.torrents(rows, 200))
    assert "AGE" not in seen(listing.torrents([row()], 200, ages=True))


def test_names_cannot_steer_the_terminal_nor_the_markup() -> None:
    """Names are untrusted."""
    shown = seen(listing.torrents([row(name="\x1b[31mred[bold]x")], 200))
    assert "\x1b" not in shown
    assert "[31mred[bold]x" in shown


def test_every_state_can_be_asked_for() -> None:
    """Including `stalled`, which is a kind of downloading."""
    assert {each.value for each in StateFilter} == {each.value for each in TorrentState} | {"stalled"}
    rows = various()
    assert listing.kept(rows, []) == rows
    assert listing.kept(rows, [StateFilter.STALLED]) == [rows[1]]
    assert listing.kept(rows, [StateFilter.DOWNLOADING, StateFilter.ERROR]) == [rows[0], rows[1], rows[3]]


@pytest.mark.parametrize("key", SortKey)
def test_rows_are_in_order_and_what_is_not_known_is_last(key: SortKey) -> None:
    """In reverse order, too."""
    rows = various()
    for reverse in (False, True):
        assert {each.torrent for each in listing.ordered(rows, key, reverse=reverse)} == {row.torrent for row in rows}
    if key in (SortKey.RATIO, SortKey.ETA):
        assert listing.ordered(rows, key, reverse=True)[-1] is rows[4]
    if key is SortKey.RATIO:
        assert listing.ordered(rows, key, reverse=False)[0] is rows[2]
    if key is SortKey.ETA:
        assert listing.ordered(rows, key, reverse=False)[0] is rows[0]
    if key is SortKey.NAME:
        assert listing.ordered(rows, key, reverse=False)[0] is rows[4]


@pytest.mark.parametrize(("height", "fits"), [(5, 2), (50, 5)])
def test_an_overview_fits_the_terminal_and_shows_the_active_first(height: int, fits: int) -> None:
    """It also says how many are not shown."""
    rows = [row(f"{number:040x}", name=f"n{number}", state=TorrentState.PAUSED) for number in range(4)]
    shown = seen(listing.overview([*rows, row(name="busy")], 80, height)).splitlines()
    assert shown[1].split()[1] == "busy"
    assert len(shown) <= height
    assert ("and 3 more" in shown) == (fits == 2)


def test_a_daemon_of_an_earlier_version_tells_less() -> None:
    """No ratio, no ETA, and no stalled torrents."""
    assert screen([row(ID)], 200).splitlines()[1].split()[6:7] == ["-"]


def test_chosen_columns_are_all_shown() -> None:
    """In that order, each once, however narrow the terminal is."""
    chosen = [ColumnName.HASH, ColumnName.WHY, ColumnName.DONE, ColumnName.HASH, ColumnName.PATH]
    shown = seen(listing.torrents(various(), 40, chosen=chosen))
    head, first, *_ = shown.splitlines()
    assert head.split() == ["ID", "NAME", "HASH", "WHY", "DONE", "PATH"]
    assert first.split() == ["00000000", "ubuntu-24.10.iso", "00000000" + "0" * 32, "50.0%", various()[0].save_path]


@pytest.mark.parametrize("name", ColumnName)
def test_each_column_can_be_shown(name: ColumnName) -> None:
    """Under its name, for rows of every kind."""
    shown = seen(listing.torrents(various(), 400, chosen=[name]))
    assert shown.splitlines()[0].split()[-1].lower() == name.value


def test_a_part_of_the_name_selects_rows() -> None:
    """Capitals make no difference."""
    found = listing.kept(various(), [], "UBUNTU")
    assert [row.name for row in found] == ["ubuntu-24.10.iso"]
    assert listing.kept(various(), [StateFilter.SEEDING], "ubuntu") == []
    assert len(listing.kept(various(), [], "")) == 5
