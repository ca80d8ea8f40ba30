"""`python -m tools.engines.ouzeld ENGINE_MODULE OPTION…`: the real daemon with another engine module.

Engines run in Python's isolated mode, like the real one. Their modules are found because an editable installation has
the tests on its path. The environment variable `PROBE_S` is the interval in seconds at which an engine is started once
the restart budget is spent. `START_DEADLINE_S` is the time in seconds within which such an engine must become ready.
"""

import os
import sys

from supervisor.__main__ import main
from supervisor.engine.life import lifecycle
from supervisor.engine.life.restart_policy import PROBE_S
from supervisor.engine.process import engine_environment
from tools.engines import failpoints

OF_TESTS = {failpoints.VARIABLE, "ESCAPES", "FAULT_FILE", "MISBEHAVIOUR", "SPINS"}
"""Environment variables that control the engines of tests."""

if __name__ == "__main__":
    if "START_DEADLINE_S" in os.environ:
        vars(lifecycle)["START_DEADLINE_S"] = float(os.environ["START_DEADLINE_S"])
    vars(engine_environment)["ALLOWED"] = engine_environment.ALLOWED | OF_TESTS
    main(engine=sys.argv.pop(1), probe_s=float(os.environ.get("PROBE_S", PROBE_S)))
