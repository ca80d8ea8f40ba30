import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

SCRIPT = """
import json, resource
from supervisor.host.process_limits import prepare
for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (min(100, hard) if hard >= 0 else 100, hard))
before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
prepare(core_dumps=%s)
after = [resource.getrlimit(kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
print(json.dumps([before, after]))
"""


@pytest.mark.parametrize("core_dumps", [False, True])
def test_descriptors_as_many_as_allowed_and_no_dumps_unless_wanted(core_dumps: bool) -> None:
    """The hard limits stay, so that the soft ones can be raised for debugging."""
    done = subprocess.run([sys.executable, "-c", SCRIPT % core_dumps], capture_output=True, text=True, check=True)
    (descriptors, dumps), after = json.loads(done.stdout)
    assert after == [[descriptors[1], descriptors[1]], dumps if core_dumps else [0, dumps[1]]]


def test_with_too_few_descriptors_there_is_no_service() -> None:
    """The message says how many are needed and what to raise; a soft limit is raised first."""
    script = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (20, int(sys.argv[1])))
from supervisor.__main__ import main
sys.argv[1:] = ["--config", "/none.toml"]
main()
"""
    for allowed, problem in ((255, "no more than 255 files may be open at once"), (256, "/none.toml: ")):
        argv = [sys.executable, "-I", "-c", script, str(allowed)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 78, done.stderr
        assert done.stderr.startswith(f"ouzeld: {problem}"), done.stderr
        assert done.stderr.count("\n") == 1


def test_the_owner_s_bits_are_never_masked() -> None:
    """Otherwise written files could not be read again."""
    script = "import os; from supervisor.host import process_limits; os.umask(0o727)\n"
    script += "process_limits.prepare(core_dumps=False); print(oct(os.umask(0)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0o27\n"
