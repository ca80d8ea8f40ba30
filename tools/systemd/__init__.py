"""Tests Ouzel under a real systemd: `scripts/systemd-test`.

Not part of the test suite, since it needs root and boots a Debian.

- The *host* module checks this machine for the needed programs. The *root file system* is made once, and cached.
- A *container* boots the root file system without changing it: all writes go to memory, and are discarded.
- The *distribution* is Ouzel's sources, with its dependencies as wheels for the container, which has no network.
- The *story* installs Ouzel by the commands in the README, and tests the service through failures. *Operator's day*
  runs the README's procedures.
"""
