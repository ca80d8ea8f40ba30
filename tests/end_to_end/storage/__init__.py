"""Disks and directories: the resume directory, the download roots, and the sandbox around them."""
