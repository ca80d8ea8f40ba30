"""`python -m ouzel`: the command line from a checkout."""

from ouzel.cli import main

main()
