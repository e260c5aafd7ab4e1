"""Training by several workers, from shards at any URL."""
