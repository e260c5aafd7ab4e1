"""Metrics, rate-distortion curves, BD-rate and the report."""
