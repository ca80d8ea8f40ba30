"""A day at a real daemon, played in a few minutes while a real Prometheus scrapes it.

- A *step* is one thing that happens, such as a download or a full disk. It names the alerts that have to fire.
- The *stage* has all processes that a step uses.
- The *verdict* has the results of the steps and of each panel's queries.
"""
