"""Training and generation."""
