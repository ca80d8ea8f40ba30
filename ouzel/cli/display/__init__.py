"""What people and programs see of the command line. Asks no daemon.

- The *output* writes rich text to people, JSON to programs, *plain* lines to pipes.
- A *rendering* is a table, line or bar; a *listing* is torrents as lines; *units* are numbers as people write them.
- *Why* says why a torrent does not move; *printable* is text that cannot steer a terminal.
"""
