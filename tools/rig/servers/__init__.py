"""Real servers on loopback, and their certificates. The trackers are in `tools.rig`."""
