import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.config.hooks_config import RunHook
from supervisor.hooks import programs
from supervisor.hooks.hook_queues import About, Delivery
from supervisor.hooks.programs import Ran, run_program
from tools.rig.waiting import until

pytestmark = pytest.mark.process

NAME = "-rf $(touch /tmp/x) {name} \"'"
DELIVERY = Delivery("completed", "a" * 40, 1, About(NAME, "/d", ["l"]), {"bytes_done": 1})


def run(*command: str, limit_s: float = 60.0, environ: dict[str, str] | None = None) -> Ran:
    """Runs a program as a hook."""
    hook = RunHook(events=["completed"], command=list(command), time_limit_s=limit_s)
    return asyncio.run(run_program(hook, DELIVERY, dict(os.environ) if environ is None else environ))


def python(code: str, *arguments: str) -> list[str]:
    """A command that runs Python code."""
    return [sys.executable, "-I", "-c", code, *arguments]


def test_arguments_and_environment_have_the_values() -> None:
    """A name is one argument, whatever is in it; no other variables are passed on."""
    code = "import json, os, sys; print(json.dumps([sys.argv[1:], sorted(os.environ), os.environ['OUZEL_HOOK_NAME']]))"
    ran = run(*python(code, "{name}", "--to={path}"), environ={"SECRET": "1", "PATH": "/bin", "TZ": "UTC"})
    assert ran.problem is None
    arguments, environ, name = json.loads(ran.output)
    assert arguments == [NAME, f"--to=/d/{NAME}"]
    assert name == NAME
    assert [each for each in environ if not each.startswith("OUZEL_HOOK_") and each != "LC_CTYPE"] == ["PATH", "TZ"]


def test_rights_are_reduced() -> None:
    """No new privileges, a lower priority, no core dumps, no inherited descriptors."""
    code = (
        "import os, resource; status = open('/proc/self/status').read();"
        "print('NoNewPrivs:\\t1' in status, os.nice(0), resource.getrlimit(resource.RLIMIT_CORE),"
        "os.getsid(0) == os.getpid(),"
        "sorted(map(int, os.listdir('/proc/self/fd')))[:-1])"
    )
    niceness = min(19, os.nice(0) + 10)
    assert run(*python(code)).output == f"True {niceness} (0, 0) True [0, 1, 2]"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (python("raise SystemExit(3)"), "it exited with 3"),
        (python("import os; os.kill(os.getpid(), 9)"), "it was killed by SIGKILL"),
        (python("import os; os.kill(os.getpid(), 35)"), "it was killed by signal 35"),
        (["/no/such/program"], "it exited with 127"),
        (["/"], "it exited with 127"),
    ],
)
def test_a_failure_is_described(command: list[str], problem: str) -> None:
    """The output says why a program cannot be started."""
    ran = run(*command)
    assert ran.problem == problem
    if command[0].startswith("/no"):
        assert ran.output == "/no/such/program cannot be started: No such file or directory"


def test_the_end_of_the_output_is_kept() -> None:
    """However much it is."""
    ran = run(*python("import sys; sys.stdout.write('x' * 3_000_000); print('end', file=sys.stderr)"))
    assert "end" in ran.output
    assert "xxx" in ran.output
    assert len(ran.output) <= programs.OUTPUT_BYTES


def gone(pid_file: Path) -> Callable[[], bool]:
    """Whether the process whose pid is in the file has ended."""
    return lambda: (
        not Path(f"/proc/{pid_file.read_text()}/cmdline").exists()
        or not (Path(f"/proc/{pid_file.read_text()}/cmdline").read_bytes())
    )


def test_a_program_over_its_time_limit_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it ignores SIGTERM."""
    monkeypatch.setattr(programs, "TERMINATE_S", 0.2)
    pid = tmp_path / "pid"
    code = (
        "import os, pathlib, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)']);"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid)); time.sleep(1000)"
    )
    ran = run(*python(code), limit_s=2.0)
    assert ran.problem == "it ran for longer than 2 s, and was killed"
    until(gone(pid), "the child has ended")


def test_a_process_left_behind_delays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it holds the pipe of the output."""
    monkeypatch.setattr(programs, "DRAIN_S", 0.1)
    pid = tmp_path / "pid"
    code = (
        "import pathlib, subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)']);"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid)); print('left')"
    )
    assert run(*python(code)) == Ran(None, "left")
    os.kill(int(pid.read_text()), signal.SIGKILL)
