"""Measured files: in worker processes, at operating points, with what is known already left out."""
