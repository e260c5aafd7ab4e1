"""Averages the weights of two models fine-tuned from the same one: a profile between two others, without training.

    python tools/mix_models.py RUN2/model.keras RUN3/model.keras --share 0.35 -o mixed.keras

Weights of networks that share their beginning can be averaged (Wortsman et al. 2022, "Model soups"); others cannot.
"""

import argparse
import sys
from pathlib import Path

from jpegpre_tf.exporters.load import load_preprocessor


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the second, 0..1")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args(argv)
    first, second = load_preprocessor(arguments.first), load_preprocessor(arguments.second)
    weights = zip(first.get_weights(), second.get_weights(), strict=True)
    first.set_weights([(1 - arguments.share) * a + arguments.share * b for a, b in weights])
    first.save(arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
