"""Processes that crash, hang, are killed or poisoned, and what is there afterwards."""
