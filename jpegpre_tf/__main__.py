"""The `jpegpre` command, also as `python -m jpegpre_tf`."""

import sys


def main() -> int:
    """Runs the command with the process's arguments; returns its exit code."""
    try:
        from jpegpre_tf.cli.main import main as run
    except KeyboardInterrupt:  # before there is anything that could answer it
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
