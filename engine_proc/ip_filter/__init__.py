"""The IP filter: the addresses that no peer may have, from a file.

- A *rule* is a range of addresses, as one line of the file has it.
- The *filter watch* reads the file on a thread, at the start and whenever it changes.

libtorrent has one IP filter a session. The session port adds the banned addresses to that of the file.
"""
