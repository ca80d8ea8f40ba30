"""Clients and a real daemon: commands, replies, events and access."""
