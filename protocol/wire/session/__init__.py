"""What clients requested for the whole session.

- The *desired session* has the values of clients. They override the configuration.
- A *schedule window* is a time of the week in which the alternative limits are in force.
- A *bandwidth group* is a name with rate limits that its torrents share.
"""
