"""`python -m jpegpre_tf` is the `jpegpre` command."""

import sys

from jpegpre_tf.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
