"""What browsers know follows the mirror, whatever happens to it."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.mirror import Mirror
from gateway.page import publication as publication_module
from gateway.page.page_row import page_row
from gateway.page.publication import INTERVAL_S, LINGER_S, PAGE, Publication
from ouzel.stream.silence import DaemonSilent
from protocol.wire.rows import TorrentRow
from tests.gateway.page.rig import show
from tests.ouzel import samples

IDS = ["aa" * 20, "bb" * 20, "cc" * 20]


def started(*rows: TorrentRow) -> tuple[Mirror, Publication]:
    """A publication of these torrents."""
    mirror = Mirror()
    show(mirror, *rows)
    publication = Publication(mirror, "token")
    publication.advance(0.0)
    return mirror, publication


def parts(publication: Publication) -> list[dict[str, Any]]:
    """The parts of a snapshot."""
    return [json.loads(each) for each in publication.snapshot()]


def deltas(publication: Publication, number: int = 0) -> list[dict[str, Any]]:
    """The changes of torrents after a number."""
    notices = publication.since(number)
    assert notices is not None
    return [json.loads(each.data) for each in notices if each.kind == "delta"]


def test_a_snapshot_has_all_torrents_in_parts() -> None:
    """A snapshot has all torrents in parts."""
    mirror, publication = started(*(samples.row(f"{number:040x}") for number in range(PAGE + 1)))
    first, second = parts(publication)
    assert (first["offset"], first["total"], len(first["torrents"])) == (0, PAGE + 1, PAGE)
    assert (second["offset"], len(second["torrents"])) == (PAGE, 1)
    assert second["torrents"][0] == json.loads(json.dumps(page_row(mirror.torrents[f"{PAGE:040x}"].row)))


def test_a_snapshot_without_torrents_has_one_part() -> None:
    """A snapshot without torrents has one part."""
    assert parts(started()[1]) == [{"offset": 0, "total": 0, "torrents": []}]


def test_a_delta_has_only_the_fields_that_differ() -> None:
    """A delta has only the fields that differ."""
    mirror, publication = started(samples.row(IDS[0]), samples.row(IDS[1]))
    show(mirror, samples.row(IDS[0], progress=0.75, error="no"), samples.row(IDS[1]))
    publication.advance(INTERVAL_S)
    assert deltas(publication) == [{"changed": [{"torrent": IDS[0], "progress": 0.75, "error": "no"}], "removed": []}]


def test_a_value_that_is_gone_is_null() -> None:
    """A value that is gone is null."""
    mirror, publication = started(samples.row(IDS[0], eta_s=5))
    show(mirror, samples.row(IDS[0]))
    publication.advance(INTERVAL_S)
    assert deltas(publication)[0]["changed"] == [{"torrent": IDS[0], "eta_s": None}]


def test_changes_that_the_page_does_not_show_make_no_notice() -> None:
    """Changes that the page does not show make no notice."""
    mirror, publication = started(samples.row(IDS[0], age_ms=1))
    show(mirror, samples.row(IDS[0], age_ms=2))
    publication.advance(INTERVAL_S)
    assert publication.since(0) == []


def test_notices_are_made_twice_a_second_at_most() -> None:
    """Notices are made twice a second at most."""
    mirror, publication = started(samples.row(IDS[0]))
    for step in range(1, 10):
        show(mirror, samples.row(IDS[0], peers=step + 10))
        publication.advance(INTERVAL_S * step / 3)
    assert len(deltas(publication)) == 3


def test_the_state_of_the_service_is_published_when_it_changes() -> None:
    """The state of the service is published when it changes."""
    mirror, publication = started()
    mirror.apply(DaemonSilent(silence_s=3.0, since_us=1), 1)
    publication.advance(INTERVAL_S)
    notices = publication.since(0)
    assert notices is not None
    assert [(each.kind, json.loads(each.data)["away"]) for each in notices] == [("health", True)]


def test_old_notices_are_dropped_when_they_are_large(monkeypatch: Any) -> None:
    """Old notices are dropped when they are large."""
    monkeypatch.setattr(publication_module, "KEPT_BYTES", 100)
    mirror, publication = started(samples.row(IDS[0]))
    for step in range(1, 10):
        show(mirror, samples.row(IDS[0], name="x" * 50 + str(step)))
        publication.advance(step * INTERVAL_S)
    assert publication.since(0) is None
    notices = publication.since(publication.latest - 1)
    assert notices is not None
    assert len(notices) == 1


def test_numbers_begin_anew_after_a_time_without_browsers() -> None:
    """Numbers begin anew after a time without browsers."""
    mirror, publication = started(samples.row(IDS[0]))
    before = publication.generation
    show(mirror, samples.row(IDS[1]))
    publication.advance(LINGER_S + 1)
    assert publication.generation != before
    assert publication.latest == 0
    assert [each["torrent"] for each in parts(publication)[0]["torrents"]] == [IDS[1]]


def test_a_number_that_was_not_given_yet_is_unknown() -> None:
    """A number that was not given yet is unknown."""
    assert started()[1].since(1) is None


ROWS = st.lists(
    st.tuples(st.sampled_from(IDS), st.integers(0, 3), st.sampled_from([None, "films"])), unique_by=lambda each: each[0]
)


@given(steps=st.lists(ROWS, min_size=1, max_size=8), skipped=st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_browser_that_applies_all_deltas_has_the_rows_of_the_mirror(
    steps: list[list[tuple[str, int, str | None]]], skipped: list[bool]
) -> None:
    """A browser that applies all deltas has the rows of the mirror."""
    """A browser that applies all deltas has the rows of the mirror."""
    mirror, publication = started()
    known: dict[str, Any] = {}
    number, now = publication.latest, 0.0
    for rows, skip in zip(steps, skipped, strict=False):
        show(mirror, *(samples.row(torrent, peers=peers, category=category) for torrent, peers, category in rows))
        if not skip:
            now += INTERVAL_S
            publication.advance(now)
    publication.advance(now + INTERVAL_S)
    for delta in deltas(publication, number):
        for fields in delta["changed"]:
            known[fields["torrent"]] = known.get(fields["torrent"], {}) | fields
        for torrent in delta["removed"]:
            del known[torrent]
    without_nulls = {key: {name: v for name, v in row.items() if v is not None} for key, row in known.items()}
    rows_now = {key: json.loads(json.dumps(page_row(each.row))) for key, each in mirror.torrents.items()}
    assert without_nulls == rows_now
