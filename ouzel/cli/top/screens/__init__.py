"""The screens of `ouzel top` above the main screen.

- A *dialog* asks for values or for a decision. Bad input keeps the dialog open, with one message.
- A *list screen* shows a list about one torrent: its files, peers or trackers.
- A *page* shows text: the details of a torrent, the health of the daemon, or the help.
"""
