"""Ouzel's own face: a page in the browser, its events, and the state of health for monitors.

- *Assets* are the files of the page, which need no build step.
- The *publication* has what browsers know, as numbered *notices*. An *event stream* sends them to one browser.
- *Reads* answer questions about one torrent. *Actions* change torrents. *Probes* are for monitors.
"""
