"""The history of a run: one JSON document in each line, in the order of recording.

An *entry* is one fact with a monotonic time in seconds. An operation has the entries `invoked` and `ended`. The
*interval* of an operation is the time between these entries. An end is `ok`, `fail` or `unknown`. A fault *bites* when
its effect is observed.
"""
