"""Edited pixels before encoders with tables of other encoders, MozJPEG's and jpegli's, and no trellis.

    python tools/bench/foreign_tables.py PICTURES -o REPORT [--profile balanced] [--limit 8]

cjpeg of libjpeg-turbo writes, with MozJPEG's table 3 for luma and chroma or jpegli's two tables, as
training/data/foreign_tables.py holds them, scaled by its quality. BD-rates are against that encoder on untouched
pixels, in percent, 0.2-1.5 bits per pixel; ends with 1 if one is above 0. Pictures are PNG or another lossless kind;
Kodak is for the report alone.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

import numpy as np

from jpegpre_tf.cli.main import main as jpegpre
from jpegpre_tf.training.data.foreign_tables import draw_tables

KINDS = ("mozjpeg", "jpegli")
RANGE = "0.2-1.5"
METRICS = ("psnr_y", "psnr_rgb", "ssim", "ms_ssim", "psnr_hvs_m", "ssimulacra2")


def write_tables(kind: str, path: Path) -> None:
    """Writes both tables of quality 50 as cjpeg -qtables reads them."""
    tables = draw_tables(50, np.random.default_rng(0), kind).astype(int)
    path.write_text(
        "\n\n".join("\n".join(" ".join(map(str, row)) for row in table) for table in tables) + "\n"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the reports")
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    arguments = parser.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    print("tables  ", " ".join(f"{metric:>11}" for metric in METRICS))
    worst = -100.0
    for kind in KINDS:
        tables, report = arguments.output / f"{kind}.txt", arguments.output / kind
        write_tables(kind, tables)
        encoder = (
            f"cjpeg -quality {{quality}} -qtables {shlex.quote(str(tables.resolve()))} -baseline -sample 2x2 -optimize "
            "-outfile {out} {in}"
        )
        limit = ["--limit", str(arguments.limit)] if arguments.limit else []
        options = ["--profile", arguments.profile, "--path", "edit", "--controls", "none", "-q"]
        code = jpegpre(
            ["evaluate", str(arguments.pictures), "-o", str(report), "--encoder", encoder, *options, *limit]
        )
        if code:
            return code
        rates = bd_rates(json.loads((report / "results.json").read_text(encoding="utf-8")))
        worst = max(worst, *rates)
        print(f"{kind:8}", " ".join(f"{rate:+11.2f}" for rate in rates), flush=True)
    return 1 if worst > 0 else 0


def bd_rates(results: dict) -> list[float]:
    """Of the profile, in the first range of rates; percent, in the order of `METRICS`."""
    (candidate,) = results["candidates"]
    return [candidate["bd_rate"][metric][RANGE]["mean"] for metric in METRICS]


if __name__ == "__main__":
    sys.exit(main())
