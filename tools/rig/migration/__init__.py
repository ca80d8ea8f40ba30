"""Data of other clients: their resume data, and their profiles."""
