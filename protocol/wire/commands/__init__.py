"""The public commands: one Struct for each. Its fields are the arguments, its tag is the `op`.

The docstring of a command says what it does and what its arguments mean. The command's base class is its kind. A row in
`protocol.wire.operations` registers the command, with its result and errors.
"""
