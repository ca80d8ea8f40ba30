"""Transmission's RPC."""
