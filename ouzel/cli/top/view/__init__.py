"""What `ouzel top` shows, without a terminal. Pure.

- The *model* has the state of the service, the filter, the order, and the selected torrent.
- A *filter* is the text that a user types to see only some torrents.
- *Columns* are the cells of a list, and how they fit into a width.
- The *summary* is the lines above the list. The *log* is the list of the last events.
"""
