"""Carriers for an encoder: its tables found out, files by way of them, PNG files that remember their plan."""
