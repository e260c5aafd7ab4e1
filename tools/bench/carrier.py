"""Coefficients that come out of Pillow otherwise than decided, one pass against two, and what that costs.

    python tools/bench/carrier.py PICTURE... [--crop 512] [--qualities 60 95] [--profile balanced] [--json]
    python tools/bench/carrier.py PICTURE... --crop 768 --as-encode balanced

For every target quality and two sets of tables, Annex K's and some like those that training finds: the quality that is
chosen for the encoder, how often the picture needed another than its tables alone would get, wrong coefficients per
million after one pass and two, size and PSNR (against the picture, dB) of the finished file less those of the
ideal one, and CPU time. Hard pictures made by code follow the given ones. --profile adds a model's tables. "edited" is
the part of the pictures that `encode` would edit instead, since too many coefficients would be wrong; the last line has
the worst of the others up to quality 80, and above. Ends with 1 if it is over 1 in 5,000, or 1 in 500.
--as-encode measures in a tenth of the time what `encode` does: the profile's decisions and tables, one line a quality
and kind: how many pictures are edited, and of all others coefficients that came out otherwise.
"""

import argparse
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.jpeg.carriers.carrier import whole_mcus
from jpegpre_tf.runtime.inference.carrier import make_carrier

QUALITIES = (16, 40, 60, 80, 90, 95)
FREQUENCY = np.add.outer(np.arange(8), np.arange(8))


def tuned_tables(quality: int) -> tuple[np.ndarray, np.ndarray]:
    """Like the tables that a few minutes of training find: finer DC, high frequencies and color, coarser low AC."""
    scale = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    luma = np.select([FREQUENCY == 0, FREQUENCY < 7], [0.6, 1.25], 0.42)
    chroma = np.select([FREQUENCY == 0, FREQUENCY < 3], [0.7, 1.2], 0.5)
    scaled = jpeg.LUMA_TABLE * scale * luma, jpeg.CHROMA_TABLE * scale * chroma
    first, second = (np.clip(np.round(table), 1, 255).astype(np.uint16) for table in scaled)
    return first, second


TABLES = {"Annex K": jpeg.quantization_tables, "tuned-like": tuned_tables}


def hard_pictures(size: int = 256) -> dict[str, np.ndarray]:
    """uint8 (size, size, 3) by kind."""
    chance = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size]
    result: dict[str, Any] = {}
    for name, ground, inks in (
        ("text", "white", ["black"]),
        ("colored text", "#141ec8", ["red", "yellow", "lime", "magenta"]),
    ):
        page = Image.new("RGB", (size, size), ground)
        for line in range(size // 14 + 1):
            text = "The quick brown fox jumps over the lazy dog 0123"
            ImageDraw.Draw(page).text((3, 14 * line), text, fill=inks[line % len(inks)])
        result[name] = page
    for side in (1, 5):
        squares = (rows // side + columns // side) % 2 * 255
        result[f"checkerboard of {side}"] = squares[..., np.newaxis].repeat(3, axis=2)
    colors = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "violet": (255, 0, 255)}
    for name, color in colors.items():
        image = np.zeros((size, size, 3))
        image[size // 8 : size * 3 // 4, size // 6 + 3 : size * 2 // 3] = color
        image[size // 2 :, size // 3 : size // 2] = 255
        distance = np.hypot(columns - size * 0.7, rows - size * 0.3) / (size * 0.25)
        ball = np.clip(1.2 - distance, 0, 1)[..., np.newaxis]
        result[name] = image * (1 - ball) + ball * np.array(color)
    result["noise"] = chance.integers(0, 256, (size, size, 3))
    result["black"] = np.zeros((size, size, 3))
    result["white"] = np.full((size, size, 3), 255)
    result["lines"] = np.full((size, size, 3), 255)
    result["lines"][::7] = 0
    result["lines"][:, ::11] = (255, 0, 0)
    result["night"] = np.clip(chance.normal(6, 5, (size, size, 3)), 0, 255)
    result["night"][chance.random((size, size)) < 0.002] = 255
    return {name: np.asarray(image).astype(np.uint8) for name, image in result.items()}


def psnr(received: np.ndarray, image: np.ndarray) -> float:
    error = ((received.astype(float) - image) ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def measure(image: np.ndarray, tables: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """What became of one picture."""
    wanted = jpeg.encode_coefficients(image, tables=(tables[0], tables[1]))
    first = jpeg.encoder_quality_for(tables, jpeg.quantization_tables)
    start = time.process_time()
    quality = jpeg.choose_encoder_quality(wanted, jpeg.quantization_tables)
    choice = time.process_time() - start
    encoder = jpeg.quantization_tables(quality)
    start = time.process_time()
    carrier = jpeg.carrier_pixels(wanted, encoder)
    one = time.process_time() - start
    start = time.process_time()
    corrected = jpeg.corrected_pixels(carrier, wanted, encoder)
    two = time.process_time() - start
    megapixels = carrier.shape[0] * carrier.shape[1] / 1e6
    result = {"quality": quality, "fallback": float(quality != first)}
    ideal = psnr(jpeg.decode(wanted), image)
    size = jpeg.file_size(wanted)
    for name, pixels in (("one", carrier), ("two", corrected)):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=2, optimize=True)
        whole = jpeg.read_coefficients(file.getvalue()).planes
        pairs = list(zip(whole, whole_mcus(wanted), strict=True))
        wrong = sum(int((a != b).sum()) for a, b in pairs) / sum(b.size for _, b in pairs)
        finished = jpeg.finish(file.getvalue(), encoder, tables, *image.shape[:2])
        with Image.open(io.BytesIO(finished)) as picture:
            difference = psnr(np.asarray(picture), image) - ideal
        result[f"wrong_ppm_{name}"] = 1e6 * wrong
        result[f"size_percent_{name}"] = 100 * (len(finished) / size - 1)
        result[f"psnr_db_{name}"] = difference
    made = make_carrier(wanted, jpeg.quantization_tables)
    file = io.BytesIO()
    Image.fromarray(made.pixels).save(file, "JPEG", quality=made.quality, subsampling=2, optimize=True)
    pairs = list(zip(jpeg.read_coefficients(file.getvalue()).planes, whole_mcus(wanted), strict=True))
    wrong = sum(int((a != b).sum()) for a, b in pairs) / sum(b.size for _, b in pairs)
    result["edited"] = float(not made.is_exact)
    result["wrong_ppm_used"] = 1e6 * wrong if made.is_exact else 0.0
    for name, seconds in (("choice", choice), ("one", one), ("two", two)):
        result[f"ms_per_mp_{name}"] = 1e3 * seconds / megapixels
    return result


def measure_as_encode(session: runtime.Session, image: np.ndarray, quality: int) -> dict[str, int]:
    """Of one picture: whether it is edited, and of a carrier how many coefficients there are, and are others."""
    made = session.carrier(image, quality)
    if not made.is_exact or made.quality is None:
        return {"edited": 1, "wrong": 0, "all": 0}
    held = jpeg.read_coefficients(made.finish(runtime.encode_jpeg(made.pixels, made.quality)))
    decided = session.decide(image, made.tables)
    pairs = list(zip(held.planes, decided.planes, strict=True))
    return {
        "edited": 0,
        "wrong": sum(int((a != b).sum()) for a, b in pairs),
        "all": sum(a.size for a, _ in pairs),
    }


def print_as_encode(profile: str, groups: dict[str, list[np.ndarray]], qualities: list[int]) -> int:
    """Returns 1 if of a kind more coefficients are others than 1 in 5,000 up to quality 80, or 1 in 500 above."""
    session, code = runtime.load(profile), 0
    print("quality kind: pictures edited of all; wrong coefficients of all, in ppm (worst picture)")
    for quality in qualities:
        for kind, members in groups.items():
            rows = [measure_as_encode(session, image, quality) for image in members]
            wrong, count, edited = (sum(row[key] for row in rows) for key in ("wrong", "all", "edited"))
            share = wrong / max(count, 1)
            worst = max(row["wrong"] / max(row["all"], 1) for row in rows)
            said = f"{quality} {kind}: {edited} of {len(rows)}; {wrong:,} of {count:,}"
            print(f"{said}, {1e6 * share:.0f} ppm ({1e6 * worst:.0f})", flush=True)
            code |= share > 1 / (5000 if quality <= 80 else 500)
    return code


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--crop", type=int, default=512, help="pixels a side that are taken of each picture")
    parser.add_argument("--qualities", type=int, nargs="+", default=list(QUALITIES))
    parser.add_argument("--profile", help="a model whose tables are measured too")
    parser.add_argument("--as-encode", metavar="PROFILE", help="only what `encode` does by this profile")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    table_sets: dict[str, Any] = dict(TABLES)
    if arguments.profile:
        table_sets[arguments.profile] = runtime.load(arguments.profile).target_tables
    used: dict[int, float] = {80: 0.0, 100: 0.0}
    images = {}
    for path in arguments.pictures:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        images[path.stem] = pixels[: arguments.crop, : arguments.crop]
    groups = {"given pictures": list(images.values())} if images else {}
    groups |= {name: [image] for name, image in hard_pictures().items()}
    if arguments.as_encode:
        return print_as_encode(arguments.as_encode, groups, arguments.qualities)
    if not arguments.json:
        print(
            "tables target kind: encoder quality, fallbacks; edited; wrong ppm one (worst) > two (worst); size %; "
            "PSNR dB; ms/MP of choice, one, two"
        )
    for kind, members in groups.items():
        for tables, table_of in table_sets.items():
            for quality in arguments.qualities:
                rows = [measure(image, table_of(quality)) for image in members]
                part = 80 if quality <= 80 else 100
                used[part] = max(used[part], *(row["wrong_ppm_used"] for row in rows))
                mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
                worst = [max(row[f"wrong_ppm_{name}"] for row in rows) for name in ("one", "two")]
                if arguments.json:
                    print(
                        json.dumps({"kind": kind, "tables": tables, "target": quality, "worst": worst} | mean)
                    )
                    continue
                print(
                    f"{tables:10} {quality} {kind:17}: {mean['quality']:.1f} {mean['fallback']:.2f}; "
                    f"edited {mean['edited']:.2f}; "
                    f"{mean['wrong_ppm_one']:.0f} ({worst[0]:.0f}) > {mean['wrong_ppm_two']:.0f} ({worst[1]:.0f}); "
                    f"{mean['size_percent_one']:+.3f} > {mean['size_percent_two']:+.3f}; "
                    f"{mean['psnr_db_one']:+.3f} > {mean['psnr_db_two']:+.3f}; "
                    f"{mean['ms_per_mp_choice']:.0f} + {mean['ms_per_mp_one']:.0f} + {mean['ms_per_mp_two']:.0f}",
                    flush=True,
                )
    worst_used = (
        f"worst of the carriers that are used: {used[80]:.0f} ppm up to quality 80, {used[100]:.0f} above"
    )
    print(worst_used, file=sys.stderr if arguments.json else sys.stdout)
    return 1 if used[80] > 1e6 / 5000 or used[100] > 1e6 / 500 else 0


if __name__ == "__main__":
    sys.exit(main())
