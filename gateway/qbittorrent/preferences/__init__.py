"""The preferences, as `app/preferences` shows them.

- A *row* is one preference. It says where the preference is kept. The table has all rows.
- The *view* is what rows read from: the state of the daemon, the configuration, and the stored preferences.
- A *change* collects what clients set. It is applied in one go.
- A preference without effect in Ouzel has qBittorrent's default, and what clients set is ignored.
"""
