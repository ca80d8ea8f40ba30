"""`python -m ouzel`: runs the command line, for example from a checkout."""

from ouzel.cli.main import main

main()
