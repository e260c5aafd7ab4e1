"""The `jpegpre` command. One verb per file; `main.py` finds them, by `common/arguments/verbs.py`."""
