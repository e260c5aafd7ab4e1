"""BD-rates of finished carriers against ideal files, and what tables and network each do.

    python tools/bench/carrier_bd_rate.py PICTURE... [--profile balanced] [--crop 768] [--json RESULT]

For each picture and quality: the file that comes out of Pillow for the carrier, finished ("carrier"), and the file of
the same decisions written directly, to the byte and sample ("ideal"). The first table has the carrier's BD-rate against
the ideal file, which is what carriers cost: mean over pictures, and the worst of them. The second has BD-rates against
plain files of the same encoder, Annex K's tables: "ideal" with the model's tables and network, "tables" without the
network, "network" with Annex K's tables, "edit" with Annex K's tables by edited pixels; --cost-only leaves it out.
Ends with 1 if a mean of the first table is over --allowed percent.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.evaluation.bd_rate import RANGES, bd_rates
from jpegpre_tf.evaluation.metrics import Frame, get_metrics

QUALITIES = (8, 12, 16, 22, 30, 40, 50, 60, 70, 78, 84, 90)

Pixels = np.ndarray
# Size in bytes, and the picture as it is decoded.
File = tuple[int, Pixels]
Curves = dict[str, tuple[list[float], list[float]]]


def read(content: bytes) -> File:
    with Image.open(io.BytesIO(content)) as picture:
        return len(content), np.asarray(picture.convert("RGB"))


def make_files(session: runtime.Session) -> dict[str, Callable[[Pixels, int], File]]:
    """Ways to make a file of a picture and a quality, by name."""

    def plain(image: Pixels, quality: int) -> File:
        return read(runtime.encode_jpeg(image, quality))

    def carrier(image: Pixels, quality: int) -> File:
        made = session.carrier(image, quality)
        if not made.is_exact:
            return edit(image, quality)
        return read(made.finish(runtime.encode_jpeg(made.pixels, made.quality or quality)))

    def edit(image: Pixels, quality: int) -> File:
        return plain(session(image, quality), quality)

    def decided(image: Pixels, tables: Pixels, strength: float) -> File:
        coefficients = session.decide(image, tables, strength)
        return jpeg.file_size(coefficients), jpeg.decode(coefficients)

    def ideal(image: Pixels, quality: int) -> File:
        return decided(image, session.target_tables(quality), 1.0)

    def tables(image: Pixels, quality: int) -> File:
        return decided(image, session.target_tables(quality), 0.0)

    def network(image: Pixels, quality: int) -> File:
        return decided(image, np.stack(jpeg.quantization_tables(quality)).astype(np.uint8), 1.0)

    ways = (plain, carrier, ideal, tables, network, edit)
    return {way.__name__: way for way in ways}


def curves_of(image: Pixels, way: Callable[[Pixels, int], File], qualities: list[int]) -> Curves:
    """Rates in bits per pixel and values, by metric."""
    metrics = get_metrics(["core"])
    original = Frame(image)
    prepared = [metric.prepare(original) for metric in metrics]
    curves: Curves = {metric.name: ([], []) for metric in metrics}
    for quality in qualities:
        size_bytes, decoded = way(image, quality)
        shown = Frame(decoded)
        for metric, ready in zip(metrics, prepared, strict=True):
            value = metric.score(ready, shown)
            if value is not None:
                curves[metric.name][0].append(8 * size_bytes / (image.shape[0] * image.shape[1]))
                curves[metric.name][1].append(value)
    return curves


def print_table(title: str, rows: dict[str, dict[str, list[float]]]) -> None:
    """Mean (worst) of each row and metric."""
    names = list(next(iter(rows.values())))
    print(f"\n{title}\n\n| | {' | '.join(names)} |\n| --- |{' ---: |' * len(names)}")
    for label, values in rows.items():
        cells = [f"{np.mean(found):+.2f} ({max(found):+.2f})" if found else "-" for found in values.values()]
        print(f"| {label} | {' | '.join(cells)} |", flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--qualities", type=int, nargs="+", default=list(QUALITIES))
    parser.add_argument("--crop", type=int, default=768, help="pixels a side that are taken of each picture")
    parser.add_argument("--json", type=Path, help="file for all curves")
    parser.add_argument("--cost-only", action="store_true", help="the first table alone")
    parser.add_argument("--allowed", type=float, default=0.2, help="percent")
    arguments = parser.parse_args(argv)
    ways = make_files(runtime.load(arguments.profile))
    if arguments.cost_only:
        ways = {name: ways[name] for name in ("carrier", "ideal")}
    all_curves: dict[str, dict[str, Curves]] = {}
    for path in arguments.pictures:
        image = runtime.open_picture(path).pixels[: arguments.crop, : arguments.crop]
        image = np.ascontiguousarray(image)
        found = {name: curves_of(image, way, arguments.qualities) for name, way in ways.items()}
        all_curves[path.stem] = found
        print(f"measured {path.stem}", file=sys.stderr, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(all_curves))
    names = list(next(iter(all_curves.values()))["ideal"])

    def rates(reference: str, candidate: str) -> dict[str, dict[str, list[float]]]:
        """By range and metric: percent of each picture."""
        result = {limits.name: {name: [] for name in names} for limits in RANGES}
        for curves in all_curves.values():
            for name in names:
                compared = bd_rates(curves[reference][name], curves[candidate][name], RANGES)
                for limits, one in zip(RANGES, compared, strict=True):
                    if one.percent is not None:
                        result[limits.name][name].append(one.percent)
        return result

    cost = rates("ideal", "carrier")
    print_table("carrier against ideal, BD-rate in percent by range in bpp: mean (worst picture)", cost)
    for candidate in [name for name in ways if name != "plain"] if "plain" in ways else []:
        print_table(f"{candidate} against plain", rates("plain", candidate))
    means = [float(np.mean(found)) for row in cost.values() for found in row.values() if found]
    print(f"\nlargest mean {max(means):+.3f}, allowed {arguments.allowed:+.3f}")
    return 1 if max(means) > arguments.allowed else 0


if __name__ == "__main__":
    sys.exit(main())
