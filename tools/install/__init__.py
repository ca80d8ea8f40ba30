"""Installs Ouzel as its users do: `scripts/install-test`.

- The *wheel* is built from the checkout, by the tools that are installed in the checkout.
- An *installer* is pipx or `uv tool`. It makes an environment of its own for Ouzel, and links to the commands there.
"""
