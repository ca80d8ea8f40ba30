"""The site of the documentation.

- *Hooks* of MkDocs add the files that pages link to outside of docs/, so that the site is complete without a checkout.
- A *shell line* is a command in a shell block of a page. Each shell line is run by a test, or is at least parsed.
"""
