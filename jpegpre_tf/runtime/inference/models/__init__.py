"""Model folders: found, checked, read."""
