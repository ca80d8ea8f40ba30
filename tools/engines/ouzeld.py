"""`python -m tools.engines.ouzeld ENGINE_MODULE OPTION…`: the real daemon with another engine module.

Engines run in Python's isolated mode, like the real engine. An editable installation has the tests on its path, so
Python finds the modules of the tests.

`PROBE_S` and `START_DEADLINE_S` are environment variables, in seconds. Once the restart budget is spent, an engine is
started every `PROBE_S`. It must become ready within `START_DEADLINE_S`.
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
