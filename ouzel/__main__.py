"""`python -m ouzel`: the command line from a checkout."""

from ouzel.cli.main import main

main()
