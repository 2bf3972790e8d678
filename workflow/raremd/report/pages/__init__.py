"""Pages of text and tables."""
