"""A user's own trajectories, features and discrete trajectories."""
