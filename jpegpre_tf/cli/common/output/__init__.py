"""What verbs print: lines, tables, progress, results; for people on stderr and for programs on stdout."""
