"""The gateway's page in a real browser, with a real daemon, gateway and seed.

- The *browser* is Debian's Chromium. A *visitor* uses the page in it. *axe* finds accessibility faults.
- The *walk* uses the page as people do, and checks what happens.
- The *intake* adds by drag and drop and by pasting. The *troubles* are an engine that stays away, and quarantine.
- *Many* torrents show how the page responds.
- A walk has *steps*, each with its outcome.
"""
