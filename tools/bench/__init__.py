"""The benchmarks of `scripts/bench`: one module for each subcommand, with real processes over loopback.

- A *benchmark* is a typer command that measures something and prints a report.
- A *report* is a table for people, and a document for programs.
- A *check* compares one result with its expected value. If a *must* fails, the exit code is 1. A *goal* is a figure to
  reach. On a busy machine a goal may be missed.

To add a benchmark, write a module with a command, and add it to the list in `__main__`.
"""
