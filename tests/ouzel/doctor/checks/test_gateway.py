"""Which gateways are too many."""

from pathlib import Path

import pytest

from ouzel.doctor.checks import gateway
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["ouzel-gateway --config /a", "ouzel-gateway --config /a --only metrics"], Status.OK),
        (["ouzel-gateway --config /a", "ouzel-gateway --config=/b"], Status.OK),
        (["ouzel-gateway --config /a", "ouzel-gateway --config=/a"], Status.WARNING),
        (["ouzel-gateway --only metrics", "ouzel-gateway --only=metrics"], Status.WARNING),
    ],
)
def test_only_gateways_with_the_same_work_are_too_many(lines: list[str], status: Status, tmp_path: Path) -> None:
    """Several daemons, and several interfaces, may have gateways of their own."""
    for pid, line in enumerate(lines, start=7):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(b"".join(each.encode() + b"\0" for each in line.split()))
    [found] = gateway.gateway(Target(config_file=None, paths=Paths(None, None, None), proc=tmp_path))
    assert found.status is status
