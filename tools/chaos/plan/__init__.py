"""The plan of a run: operations and faults with their times, made from one random seed.

A *round* is a period of traffic and faults. A checkpoint ends it. An *operation* is one request of a client. A *fault*
is one named disturbance with its arguments. Times are seconds since the beginning of the round.
"""
