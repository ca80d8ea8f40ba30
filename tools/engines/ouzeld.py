"""`python -m tools.engines.ouzeld ENGINE_MODULE OPTION…`: the real daemon over an engine that is another module.

Engines are isolated as the real one is, and found all the same: an editable installation has the tests on its path.
`PROBE_S` in the environment is how often it tries an engine once the restart budget is spent, in seconds.
`START_DEADLINE_S` in the environment is how long that one may take to become ready.
"""

import os
import sys

from supervisor.__main__ import main
from supervisor.engine.life import lifecycle
from supervisor.engine.life.restart_policy import PROBE_S
from supervisor.engine.process import engine_environment
from tools.engines import failpoints

OF_TESTS = {failpoints.VARIABLE, "ESCAPES", "FAULT_FILE", "MISBEHAVIOUR"}
"""Variables that tell engines of tests what to do."""

if __name__ == "__main__":
    if "START_DEADLINE_S" in os.environ:
        vars(lifecycle)["START_DEADLINE_S"] = float(os.environ["START_DEADLINE_S"])
    vars(engine_environment)["ALLOWED"] = engine_environment.ALLOWED | OF_TESTS
    main(engine=sys.argv.pop(1), probe_s=float(os.environ.get("PROBE_S", PROBE_S)))
