import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

SCRIPT = """
import json, resource
from supervisor.process_limits import prepare
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
    """The hard limits stay as they are, so that whoever debugs can raise the soft ones again."""
    done = subprocess.run([sys.executable, "-c", SCRIPT % core_dumps], capture_output=True, text=True, check=True)
    (descriptors, dumps), after = json.loads(done.stdout)
    assert after == [[descriptors[1], descriptors[1]], dumps if core_dumps else [0, dumps[1]]]
