"""The checks, grouped by what they examine.

A check is a function of the target, and yields findings.
Some checks are also functions of a subject, for example of one directory.
"""
