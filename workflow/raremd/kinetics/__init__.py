"""Estimators on arrays: transition matrices, timescales, residence times, resampling."""
