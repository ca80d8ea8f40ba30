"""Real servers on loopback, and their certificates, beside the trackers of `tools.rig`."""
