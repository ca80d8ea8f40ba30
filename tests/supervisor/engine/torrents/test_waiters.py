import asyncio

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.engine.torrents.waiters import Waiters


async def waiting(waiters: Waiters, subject: str | None, *revisions: int) -> list["asyncio.Task[None]"]:
    """Tasks that wait for these revisions, each up to its wait."""
    tasks = [asyncio.create_task(waiters.applied(subject, revision)) for revision in revisions]
    await asyncio.sleep(0)
    return tasks


async def settled(tasks: list["asyncio.Task[None]"]) -> list[bool]:
    """Which of them are done, after the loop has run."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def test_a_revision_confirms_itself_and_the_earlier_ones() -> None:
    """Later ones keep waiting; a later confirmation ends them."""
    waiters = Waiters()
    tasks = await waiting(waiters, "a", 3, 1, 2, 4)
    waiters.confirm("a", 2)
    assert await settled(tasks) == [False, True, True, False]
    waiters.confirm("a", 9)
    assert await settled(tasks) == [True] * 4
    await asyncio.gather(*tasks)


async def test_subjects_do_not_mix() -> None:
    """The session is a subject like a torrent."""
    waiters = Waiters()
    tasks = [*await waiting(waiters, "a", 1), *await waiting(waiters, None, 1)]
    waiters.confirm("b", 9)
    assert await settled(tasks) == [False, False]
    waiters.confirm(None, 1)
    assert await settled(tasks) == [False, True]
    waiters.confirm("a", 1)
    await asyncio.gather(*tasks)


async def test_a_problem_is_a_refusal() -> None:
    """ENGINE_REFUSED with libtorrent's message, for requests that wait for this revision."""
    waiters = Waiters()
    early, late = await waiting(waiters, "a", 1, 2)
    waiters.confirm("a", 1, "no such tracker")
    with pytest.raises(OuzelError, match="no such tracker") as refused:
        await early
    assert refused.value.kind is ErrorKind.ENGINE_REFUSED
    waiters.confirm("a", 2)
    await late


async def test_who_gives_up_leaves_nothing_behind() -> None:
    """A passed deadline affects neither the confirmation nor the others."""
    waiters = Waiters()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await waiters.applied("a", 1)
    gone, stays = await waiting(waiters, "a", 1, 1)
    gone.cancel()
    await settled([gone, stays])
    waiters.confirm("a", 1, "problem")
    with pytest.raises(OuzelError):
        await stays
    assert gone.cancelled()


async def test_a_confirmation_that_nobody_waits_for_is_nothing() -> None:
    """It is not stored for later requests, which check the snapshot first."""
    waiters = Waiters()
    waiters.confirm("a", 5)
    (task,) = await waiting(waiters, "a", 1)
    assert await settled([task]) == [False]
    waiters.confirm("a", 5)
    await task


async def test_a_subject_that_will_not_be_applied_is_refused_to_all() -> None:
    """Whatever revision they wait for; requests about others keep waiting."""
    waiters = Waiters()
    early, late = await waiting(waiters, "a", 1, 9)
    (other,) = await waiting(waiters, "b", 1)
    waiters.refuse("a", OuzelError(ErrorKind.QUARANTINED, "it is not loaded"))
    for task in (early, late):
        with pytest.raises(OuzelError) as refused:
            await task
        assert refused.value.kind is ErrorKind.QUARANTINED
    waiters.confirm("b", 1)
    await other
