"""Systems that the workflow simulates itself."""
