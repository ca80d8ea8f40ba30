"""Ouzel under a real systemd: `scripts/systemd-test`. Not part of the suite, as it needs root and a Debian to boot.

- The *host* has what it takes, or says what it lacks; the *root file system* is made once and kept in the cache.
- A *container* boots it with nothing of it changed: what is written goes to memory, and is gone afterwards.
- The *distribution* is Ouzel's sources, and what it needs as wheels for the container's Python, which has no network.
- The *story* installs Ouzel by the README's own lines, and does to the service what a rough life does.
"""
