"""`python -m tests.fakes.ouzeld ENGINE_MODULE OPTION…`: the real daemon over an engine that is another module.

`PROBE_S` in the environment is how often it tries an engine once the restart budget is spent, in seconds.
"""

import os
import sys

from supervisor.__main__ import main
from supervisor.restart_policy import PROBE_S

if __name__ == "__main__":
    main(engine=sys.argv.pop(1), probe_s=float(os.environ.get("PROBE_S", PROBE_S)))
