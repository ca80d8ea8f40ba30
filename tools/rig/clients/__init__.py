"""Clients of a daemon that load it, watch it, or misbehave, most of them in processes of their own."""
