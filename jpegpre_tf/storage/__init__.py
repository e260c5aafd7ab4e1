"""Files, local and remote: folders and buckets, atomic writes, printable paths."""
