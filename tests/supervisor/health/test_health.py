import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import reports as told
from protocol.wire.reports import HealthStatus, Reason
from supervisor.health.health import Health, Severity

Key = tuple[str, str]
keys = st.tuples(st.sampled_from(["engine", "resume_dir", "storage"]), st.sampled_from(["process", "a", "b"]))
reports = st.lists(
    st.tuples(keys, st.none() | st.sampled_from(["broken", "worse"]), st.sampled_from(Severity)), max_size=40
)


@given(reports)
def test_the_problems_are_those_that_were_not_cleared_themselves(
    history: list[tuple[Key, str | None, Severity]],
) -> None:
    """One subject's recovery never clears another's, a problem keeps its start, and the worst gives the status."""
    health = Health()
    health.started = True
    model: dict[Key, tuple[Severity, str, int]] = {}
    for now_us, ((component, subject), problem, severity) in enumerate(history):
        health.report(component, subject, problem, severity=severity, now_us=now_us)
        key = (component, subject)
        if problem is None:
            model.pop(key, None)
        else:
            model[key] = (severity, problem, model[key][2] if key in model else now_us)
        assert {(reason.component, reason.subject): (reason.message, reason.since_us) for reason in health.reasons} == {
            key: (message, since_us) for key, (_, message, since_us) in model.items()
        }
        worst = max((severity for severity, _, _ in model.values()), default=None)
        assert (
            health.status
            is {
                None: HealthStatus.HEALTHY,
                Severity.NOTED: HealthStatus.HEALTHY,
                Severity.DEGRADING: HealthStatus.DEGRADED,
                Severity.FATAL: HealthStatus.UNHEALTHY,
            }[worst]
        )
        ranks = [
            (-model[reason.component, reason.subject][0], reason.since_us, reason.component, reason.subject)
            for reason in health.reasons
        ]
        assert ranks == sorted(ranks)


def test_the_phases_have_a_status_of_their_own() -> None:
    """Starting until the first engine is ready; stopping whatever else is wrong."""
    health = Health()
    seen = [health.status]
    health.report("resume_dir", "fastresume", "full", severity=Severity.DEGRADING, now_us=1)
    seen.append(health.status)
    health.started = True
    seen.append(health.status)
    health.report("engine", "process", "crashed", severity=Severity.FATAL, now_us=2)
    seen.append(health.status)
    health.stopping = True
    seen.append(health.status)
    assert seen == ["starting", "starting", "degraded", "unhealthy", "stopping"]


def test_a_service_that_never_started_can_be_unhealthy() -> None:
    """If the engine spends its budget at the first start, the service is no longer starting."""
    health = Health()
    health.report("engine", "process", "crashed", severity=Severity.FATAL, now_us=1)
    assert health.status is HealthStatus.UNHEALTHY


def test_reasons_are_the_worst_first() -> None:
    """An older but lesser problem comes later."""
    health = Health()
    health.report("storage", "a", "slow", severity=Severity.DEGRADING, now_us=1)
    health.report("engine", "process", "gone", severity=Severity.FATAL, now_us=2)
    assert health.reasons == [
        Reason(component="engine", subject="process", message="gone", since_us=2, severity=told.Severity.CRITICAL),
        Reason(component="storage", subject="a", message="slow", since_us=1, severity=told.Severity.ERROR),
    ]


@pytest.mark.parametrize("severity", Severity)
def test_clearing_what_is_not_there_is_nothing(severity: Severity) -> None:
    """A recovery may be reported twice."""
    health = Health()
    health.report("engine", "process", None, severity=severity, now_us=1)
    assert health.reasons == []
