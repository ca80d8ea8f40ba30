"""The preferences of `app/preferences`.

- A *row* is one preference. It says where the value of the preference is stored. The table has all rows.
- Rows read their values from the *view*: the state of the daemon, the configuration, and the stored preferences.
- A *change* collects the new values that a client sets. All of them are applied together.
- If a preference has no effect in Ouzel, it has qBittorrent's default, and new values are ignored.
"""
