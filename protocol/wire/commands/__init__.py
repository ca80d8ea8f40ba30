"""The public commands. Each command is a Struct: its fields are the arguments, and its tag is the `op`.

The docstring of a command says what it does and what its arguments mean. The command's base class is its kind. A row in
`protocol.wire.operations` registers the command, with its result and errors.
"""
