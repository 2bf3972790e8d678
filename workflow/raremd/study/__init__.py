"""The configuration and the study that it describes."""
