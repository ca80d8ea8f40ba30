"""Builds the container image, and shows how it behaves: `scripts/container-test`.

- The *base* is an image made of a minimal Debian. No registry of images is needed.
- The *image* is what buildah makes of packaging/Containerfile and the base.
- A *container* here is a process in namespaces of its own. Its user, environment, command, volumes and stop signal are
  from the image's configuration. A container has only a loopback interface, and a read-only root file system.
"""
