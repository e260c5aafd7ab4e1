"""Pictures to train on: crops of files and shards, and pictures made by code."""
