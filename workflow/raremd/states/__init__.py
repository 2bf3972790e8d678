"""From features to discrete trajectories: coordinate, partition, interval, recrossings, split."""
