"""What changes torrents, categories and tags.

- The *desk* finds the torrents that a request names, runs commands on them, and reads them again.
- *Kept* is what the API must give back and the daemon does not know: automatic management, download paths, tags.
- A torrent with *automatic management* (autoTMM) is stored at the path of its category.
- Each other module has the handlers of one group of endpoints. `routes` joins their lists.
"""
