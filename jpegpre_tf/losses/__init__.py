"""Distortions between pictures, units stated, and the rate-distortion loss."""
