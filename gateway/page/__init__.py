"""Ouzel's own face: a page in the browser, its events, and the state of health for monitors.

- *Assets* are the files of the page, which need no build step.
- *Events* are server-sent events with the changes of the mirror.
"""
