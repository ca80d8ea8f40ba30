"""The generated pages: the protocol, the table of commands, and the manual pages."""
