"""`python -m tests.fakes.ouzeld ENGINE_MODULE OPTION…`: the real daemon over an engine that is another module."""

import sys

from supervisor.__main__ import main

if __name__ == "__main__":
    main(engine=sys.argv.pop(1))
