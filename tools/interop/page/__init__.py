"""The gateway's page in a real browser, with a real daemon, gateway and seed.

- The *browser* is Debian's Chromium. The *walk* uses the page as people do, and checks what happens.
- *axe* finds accessibility faults.
"""
