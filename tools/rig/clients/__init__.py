"""Clients that put load on a daemon, watch it, or misbehave, mostly in separate processes."""
