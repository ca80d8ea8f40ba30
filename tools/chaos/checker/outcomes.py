"""Checks of replies, and of `healthy`. Pure."""

from collections import defaultdict
from typing import Final

from tools.chaos.checker.registers import operations
from tools.chaos.checker.violation import Violation
from tools.chaos.history.entries import Answered, Probe, Supervisor
from tools.chaos.history.recorder import History

BOOT_S: Final = 10.0
"""For how long after the end of a supervisor the next one may not answer yet."""

PASSING: Final = ("torrent_busy", "deadline_exceeded")
"""Refusals that say nothing about the health of the service."""


def check_outcomes(history: History) -> list[Violation]:
    """Requests with too many or contradicting replies, and requests that a living supervisor did not answer."""
    replies: dict[int, list[Answered]] = defaultdict(list)
    for entry in history.entries:
        if isinstance(entry, Answered):
            replies[entry.number].append(entry)
    away = [entry.at for entry in history.entries if isinstance(entry, Supervisor) and not entry.started]
    found = []
    for each in operations(history):
        if each.op.via != "wire":
            continue
        number, answers = each.op.number, replies[each.op.number]
        named = f"{each.op.op} ({number})"
        at = each.invoked.at
        if len(answers) > each.invoked.sends:
            message = f"{named} was sent {each.invoked.sends} times, and answered {len(answers)} times"
            found.append(Violation("one_outcome", message, at, number))
        if _refused_after_ok(answers):
            found.append(Violation("one_outcome", f"{named} was acknowledged, and then refused", at, number))
        ended_at = max([at if each.end is None else each.end.at, *(answer.at for answer in answers)])
        if any(at - BOOT_S <= moment <= ended_at for moment in away):
            continue  # the deadline begins when a supervisor receives the request, and a dead one answers nothing
        if any(answer.late for answer in answers):
            found.append(Violation("one_outcome", f"{named} was answered after its deadline", at, number))
        if not answers:
            found.append(Violation("one_outcome", f"{named} was not answered, though the supervisor ran", at, number))
    return found


def _refused_after_ok(answers: list[Answered]) -> bool:
    """Whether a request was refused after it was accepted. An acceptance after a refusal is allowed."""
    accepted = False
    for answer in answers:
        if accepted and not answer.ok and answer.error not in PASSING:
            return True
        accepted = accepted or answer.ok
    return False


def check_healthy(history: History) -> list[Violation]:
    """Changes that were refused although the service reported `healthy` before and after the change."""
    return [
        Violation("healthy", f"a change was refused ({entry.error}) between two reports of `healthy`", entry.at)
        for entry in history.entries
        if isinstance(entry, Probe)
        if not entry.ok and entry.status == entry.after == "healthy" and entry.error not in PASSING
    ]
