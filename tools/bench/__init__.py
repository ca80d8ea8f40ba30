"""The benchmarks behind `scripts/bench`: one file a subcommand, on real processes over loopback.

- A *benchmark* is a typer command that measures and then shows a report.
- A *report* is a table for people, and a document for programs.
- A *check* is one finding held against what is wanted. A *must* is about right and wrong, and one that fails makes the
  exit code 1; a *goal* is a figure to reach, which a busy machine may miss.

To add one: a file with a command, and its line in `__main__`.
"""
