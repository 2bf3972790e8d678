"""What a network starts from: counted transitions, forbidden jumps, calibrated flows."""
