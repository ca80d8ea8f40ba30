"""`python -m tests.fakes.ouzeld ENGINE_MODULE OPTION…`: the real daemon over an engine that is another module.

`START_DEADLINE_S` in the environment is how long that one may take to become ready.
"""

import os
import sys

from supervisor import lifecycle
from supervisor.__main__ import main

if __name__ == "__main__":
    if "START_DEADLINE_S" in os.environ:
        vars(lifecycle)["START_DEADLINE_S"] = float(os.environ["START_DEADLINE_S"])
    main(engine=sys.argv.pop(1))
