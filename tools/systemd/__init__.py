"""Tests Ouzel under a real systemd: `scripts/systemd-test`.

It is not part of the test suite, because it needs root and boots a Debian.

- The *host* module checks this machine for the needed programs. It makes the *root file system* once, and caches it.
- A *container* boots the root file system without changing it. All writes go to memory, and are discarded.
- The *distribution* is Ouzel's sources, with its dependencies as wheels. The container has no network.
- The *story* installs Ouzel by the commands in docs/systemd.md. It tests the service through failures. *Operator's
  day* runs the procedures of that page. The *package's story* installs, upgrades and purges the Debian package.
"""
