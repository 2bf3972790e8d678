"""Features of the systems: simulated, embedded or imported."""
