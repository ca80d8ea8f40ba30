"""The endpoints that change torrents, categories and tags.

- The *desk* finds the torrents in a request, runs commands on these torrents, and reads the torrents again.
- A torrent with *automatic management* (autoTMM) is stored at the path of its category.
- The daemon does not have some data that clients set: automatic management, download paths, and tags without torrents.
  `Kept` stores this data.
- Each other module has the handlers of one group of endpoints. `routes` joins their lists.
"""
