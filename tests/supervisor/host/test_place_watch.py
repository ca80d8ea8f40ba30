"""Checks of paths, some of which never answer."""

import asyncio
import threading
from pathlib import Path

import pytest

from supervisor.host import place_watch
from supervisor.host.place_watch import PlaceWatch


async def test_what_is_at_paths_is_seen_and_where_nothing_is(tmp_path: Path) -> None:
    """Another directory with the same name is another place; a link is not followed."""
    one, missing, link = (tmp_path / name for name in ("one", "missing", "link"))
    one.mkdir()
    link.symlink_to(one)
    watch = PlaceWatch()
    await watch.check(map(str, (one, missing, link)))
    first = watch.seen[str(one)]
    assert first is not None
    assert watch.seen[str(missing)] is None
    assert watch.seen[str(link)] != first
    one.rename(tmp_path / "elsewhere")
    one.mkdir()
    await watch.check([str(one), str(tmp_path / "elsewhere")])
    assert watch.seen[str(one)] != first == watch.seen[str(tmp_path / "elsewhere")]
    assert watch.silent == set()
    await watch.check([])
    watch.close()


async def test_a_path_that_does_not_answer_is_silent_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are checked meanwhile, and it is asked only once."""
    hung, asked = threading.Event(), list[str]()

    def place_at(path: str) -> str:
        asked.append(path)
        if path == "/hung":
            hung.wait()
        return f"place of {path}"

    monkeypatch.setattr(place_watch, "place_at", place_at)
    monkeypatch.setattr(place_watch, "PATIENCE_S", 0.05)
    watch = PlaceWatch()
    for _ in range(3):
        await watch.check(["/hung", "/fine"])
        assert (watch.silent, watch.seen) == ({"/hung"}, {"/fine": "place of /fine"})
    assert asked.count("/hung") == 1
    hung.set()
    async with asyncio.timeout(10):
        while watch.silent:
            await watch.check(["/hung"])
    assert watch.seen["/hung"] == "place of /hung"
    watch.close()


async def test_a_look_that_cannot_be_made_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """For example if no thread can be started; the previous result stays."""
    answers = iter(list[str | RuntimeError](["first", RuntimeError("no thread can be started"), "third"]))

    async def in_thread(call: object) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(place_watch, "in_thread", in_thread)
    watch = PlaceWatch()
    for seen, silent in (("first", set()), ("first", {"/a"}), ("third", set[str]())):
        await watch.check(["/a"])
        assert (watch.seen, watch.silent) == ({"/a": seen}, silent)
    watch.close()
