"""The machine and its operator: health, the log, the service manager and the environment."""
