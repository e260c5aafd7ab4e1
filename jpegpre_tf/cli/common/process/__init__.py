"""The process around a verb: its streams, Ctrl-C, libraries that write to stderr."""
