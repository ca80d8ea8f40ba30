"""Opening sources."""

import os
from pathlib import Path

import pytest

from ouzel.cli.sources import fetch
from ouzel.cli.sources.fetch import Fetched
from ouzel.cli.sources.gathering import Found, gather, may_be_several, wants_network
from ouzel.cli.sources.sources import BadSource
from tests.ouzel.samples import ID

LINK = f"magnet:?xt=urn:btih:{ID}"
METAINFO = b"d4:infode"


def problems(found: list[Found]) -> list[str]:
    """The problem of each source, or None."""
    return ["" if each.problem is None else str(each.problem) for each in found]


def test_a_directory_is_what_lies_in_it(tmp_path: Path) -> None:
    """Its .torrent and .magnet files, in order; no others, no subfolders, and no pipes, on which it would block."""
    for name in ("b.torrent", "A.TORRENT", "notes.txt"):
        (tmp_path / name).write_bytes(METAINFO)
    (tmp_path / "c.magnet").write_text(f"{LINK}\n{LINK}2\n")
    (tmp_path / "below.torrent").mkdir()
    os.mkfifo(tmp_path / "pipe.torrent")
    (tmp_path / "d.torrent").symlink_to(tmp_path / "gone")
    *found, gone = gather([str(tmp_path)])
    assert "No such file" in problems([gone])[0]
    assert [Path(each.named).name for each in found[:2]] == ["A.TORRENT", "b.torrent"]
    assert [each.metainfo for each in found[:2]] == [METAINFO, METAINFO]
    assert [each.magnet for each in found[2:]] == [LINK, LINK + "2"]


def test_what_cannot_be_opened_is_told_in_its_place(tmp_path: Path) -> None:
    """With its name, and the others are added."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.torrent").touch()
    with (tmp_path / "big.torrent").open("wb") as big:
        big.truncate(10**10)
    names = ["empty", "empty.torrent", "big.torrent", "missing", "x" * 300, "a\x00b"]
    told = problems(list(gather([*(str(tmp_path / name) for name in names), LINK])))
    for said, name in zip(told[:4], names[:4], strict=True):
        assert str(tmp_path / name) in said
    assert all(told[:6])
    assert told[6] == ""
    assert "no *.torrent and no *.magnet" in told[0]
    assert "is the most" in told[2]


def test_lines_lead_to_no_further_files(tmp_path: Path) -> None:
    """Lines that others wrote cause no file of this machine to be read."""
    (tmp_path / "x.magnet").write_text(f"{LINK}\nfile:///etc/passwd\n")
    [only] = gather([str(tmp_path / "x.magnet")])
    assert "neither a magnet link" in problems([only])[0]


def test_a_url_gives_a_file_a_link_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content is treated like a file's, except that it cannot name files or URLs."""
    answers = {
        "http://a/file": Fetched(METAINFO),
        "http://a/to-link": Fetched(b"", LINK),
        "http://a/text": Fetched(LINK.encode()),
        "http://a/other": Fetched(b"http://a/file\n"),
    }

    def fetched(url: str, *, max_bytes: int) -> Fetched:
        if url not in answers:
            raise BadSource(f"cannot fetch {url}: no", name="not_fetched")
        return answers[url]

    monkeypatch.setattr(fetch, "fetch", fetched)
    found = list(gather([*answers, "http://a/missing"]))
    assert [each.metainfo for each in found] == [METAINFO, None, None, None, None]
    assert [each.magnet for each in found] == [None, LINK, LINK, None, None]
    assert [each.named for each in found] == [*answers, "http://a/missing"]
    assert problems(found)[3:] == [
        "http://a/other leads to what is neither a .torrent file nor a magnet link",
        "cannot fetch http://a/missing: no",
    ]


def test_what_may_come_to_several_and_what_takes_the_network(tmp_path: Path) -> None:
    """Both are known before anything is opened."""
    assert may_be_several([LINK, LINK])
    assert may_be_several([str(tmp_path)])
    assert may_be_several(["-"])
    assert may_be_several(["x.magnet"])
    assert not any(may_be_several([each]) for each in (LINK, ID, "x.torrent", "http://a/b", ""))
    assert wants_network(["", "x", "https://a/b"])
    assert not wants_network(["", "x", LINK, "ftp://a"])
