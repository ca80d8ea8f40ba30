"""The public events: one Struct for each type. Its fields are the event's `data`, its tag is the `type`.

An event about a torrent has the field `torrent`, which is sent in the envelope and not in `data`. The engine sends its
events to the supervisor in the same form. The supervisor numbers and publishes them.
"""
