"""Averages the weights of two models fine-tuned from the same one, as a stage of a recipe does.

python tools/fit/mix_models.py RUN2/model.keras RUN3/model.keras --share 0.35 -o mixed.keras
"""

import argparse
import sys
from pathlib import Path

from jpegpre_tf.training.recipe import interpolate_weights


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the second, 0..1")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args(argv)
    interpolate_weights(arguments.first, arguments.second, arguments.share).save(arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
