"""The IP filter: blocked addresses, which are read from a file.

- A *rule* is a range of addresses, from one line of the file.
- The *filter watch* reads the file on a thread, at the start and whenever it changes.

libtorrent has one IP filter for each session. The session port adds banned addresses to the file's rules.
"""
