"""The real programs. Each module has the play of one program."""
