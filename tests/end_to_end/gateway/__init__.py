"""The gateway as a process, beside a real daemon."""
