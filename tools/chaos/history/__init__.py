"""The history of a run: one JSON document a line, in the order of recording.

An *entry* is one fact with a monotonic time in seconds. An operation has the entries `invoked` and `ended`. Its
*interval* lies between their times. An end is `ok`, `fail` or `unknown`. A fault *bites* when its effect is observed.
"""
