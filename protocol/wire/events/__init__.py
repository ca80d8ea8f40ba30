"""The public events: one Struct for each type. Its fields are the event's `data`, its tag is the `type`.

An event about a torrent has the field `torrent`. The envelope has this field, and `data` does not. The engine sends its
events to the supervisor in the same form. The supervisor numbers and publishes them.
"""
