from types import SimpleNamespace
from typing import Any

from engine_proc.resume.resume_policy import ResumePolicy, Urgency
from engine_proc.session.alerts import ResumeUnsaved
from engine_proc.torrents.saver import Saver

A, B = "a" * 40, "b" * 40


def test_resume_data_that_would_have_come_too_early_is_requested_again() -> None:
    """Within seconds, unlike data that has not changed."""
    policy = ResumePolicy()
    parts: Any = SimpleNamespace(
        session=None, store=None, policy=policy, translator=None, emit=None, clock=lambda: 100.0
    )
    dispatcher: Any = SimpleNamespace(absences=SimpleNamespace(mover=None))
    saver = Saver(parts, dispatcher)
    for torrent in (A, B):
        policy.mark_dirty(torrent, Urgency.AT_ONCE, 100.0)
    assert policy.due(100.0) == [A, B]
    saver.not_made(ResumeUnsaved(A, None, early=True))
    saver.not_made(ResumeUnsaved(B, None))
    assert policy.due(110.0) == [A]
