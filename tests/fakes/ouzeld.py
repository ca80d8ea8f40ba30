"""`python -m tests.fakes.ouzeld ENGINE_MODULE OPTION…`: the real daemon over an engine that is another module.

`PROBE_S` in the environment is how often it tries an engine once the restart budget is spent, in seconds.
`START_DEADLINE_S` in the environment is how long that one may take to become ready.
"""

import os
import sys

from supervisor import lifecycle
from supervisor.__main__ import main
from supervisor.restart_policy import PROBE_S

if __name__ == "__main__":
    if "START_DEADLINE_S" in os.environ:
        vars(lifecycle)["START_DEADLINE_S"] = float(os.environ["START_DEADLINE_S"])
    main(engine=sys.argv.pop(1), probe_s=float(os.environ.get("PROBE_S", PROBE_S)))
