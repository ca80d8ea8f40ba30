"""The report of a run, for people and for programs.

A report has the verdict, the faults with what they did, the ends of operations, and each violation with its time.
"""
