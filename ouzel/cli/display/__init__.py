"""The output of the command line, for people and programs. No module here sends requests.

- The *output* writes rich text to terminals, JSON for programs, *plain* lines to pipes.
- A *rendering* is a table, line or bar. A *listing* is a table of torrents, a *piece map* a map of pieces. *Units*
  formats and parses numbers.
- *Why* explains why a torrent makes no progress. *Printable* text has no control characters.
"""
