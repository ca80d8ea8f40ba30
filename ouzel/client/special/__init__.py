"""Calls that are written by hand, since they differ from their commands in arguments, defaults or results. Pure.

All other calls are generated from the table of operations. `ouzel.client.calls` exports both kinds.
"""
