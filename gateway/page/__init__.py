"""The face `page`: a page for browsers, its API, and the state of health for monitoring programs.

- *Assets* are the files of the page. They need no build step.
- A *notice* is a change of the state, with a number. The *publication* makes the notices.
- An *event stream* sends the notices to one browser.
- *Reads* answer requests for data. *Actions* change torrents. *Probes* answer monitoring programs.
"""
