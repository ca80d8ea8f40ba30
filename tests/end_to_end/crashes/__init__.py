"""Processes that crash, hang, are killed or poisoned, and the state afterwards."""
