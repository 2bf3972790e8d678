"""Figures: one file each, drawn from tables and arrays that other stages computed."""
