"""`scripts/bench compare`: Ouzel, a bare libtorrent session and other BitTorrent programs, on the same work.

- A *program* is one BitTorrent client with its API. `programs` has one module for each program.
- A *work* is something that each program does, such as a download. It returns values by *metric*.
- A *run* is one work of one program. The programs take turns, and each run begins with an empty directory.
- The *world* has what all works need: a network namespace, a seed, a tracker and the payloads.
- A *result* holds the values of all runs. The *page* shows its medians, and its ratios to Ouzel.

To add a program, write a module in `programs`, and add a row to its table. To add a metric, add a row to `METRICS`.
"""
