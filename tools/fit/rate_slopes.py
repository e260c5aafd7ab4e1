"""Fits what plain JPEG pays for quality (jpegpre_tf/losses/rate_slopes.json) on crops of a folder of pictures.

python tools/fit/rate_slopes.py PICTURES --crops 240
"""

import argparse
import datetime
import io
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.losses.rate_slopes import FILE, HEADER_BPP, HEADER_BYTES, scale_of, terms
from jpegpre_tf.training.data.crops import list_pictures, load_rgb, random_crop

SIZE = 256
QUALITIES = np.array([5, 8, 12, 17, 23, 30, 38, 46, 55, 64, 72, 79, 85, 90, 94, 97])


def _encode(crop: np.ndarray, quality: int) -> tuple[float, np.ndarray]:
    """Bits per pixel, the header as of a whole picture, and the decoded crop."""
    file = io.BytesIO()
    Image.fromarray(crop).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    payload = max(1, file.tell() - HEADER_BYTES)
    return 8 * payload / crop[..., 0].size + HEADER_BPP, np.asarray(Image.open(file).convert("RGB"))


def _curves(crops: list[np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """ln(rate), and each measure: float64 (crops, qualities)."""
    functions = {name: tf.function(function) for name, function in METRICS.items()}
    log_rates, values = [], {name: [] for name in METRICS}
    for crop in crops:
        encoded = [_encode(crop, int(quality)) for quality in QUALITIES]
        log_rates.append(np.log([rate for rate, _ in encoded]))
        decoded = tf.constant(np.stack([picture for _, picture in encoded]), tf.float32)
        original = tf.repeat(tf.constant(crop[None], tf.float32), len(QUALITIES), axis=0)
        for name, function in functions.items():
            values[name].append(function(original, decoded).numpy())
    return np.array(log_rates), {name: np.array(found, np.float64) for name, found in values.items()}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crops", type=int, default=240)
    parser.add_argument("-o", "--output", type=Path, default=FILE)
    arguments = parser.parse_args(argv)
    generator = np.random.default_rng(0)
    paths = list_pictures(arguments.folder)
    chosen = generator.choice(len(paths), arguments.crops)
    crops = [np.ascontiguousarray(random_crop(load_rgb(paths[index]), SIZE, generator)) for index in chosen]
    log_rate, measured = _curves(crops)
    log_scale = np.log(scale_of(QUALITIES.astype(np.float64)))
    # Over two steps of quality, to be less at the mercy of single decisions of rounding.
    middle = slice(1, -1)
    rise = log_rate[:, 2:] - log_rate[:, :-2]
    fitted, residuals = {}, {}
    # Slopes of single crops scatter; those that are not positive (quality fell with more bits) say nothing.
    for name, values in measured.items():
        slope = rise / np.where(values[:, 2:] > values[:, :-2], values[:, 2:] - values[:, :-2], np.nan)
        usable = np.isfinite(slope) & (rise > 0)
        x = np.stack(
            [
                term[usable]
                for term in terms(np.tile(log_scale[middle], (len(crops), 1)), log_rate[:, middle])
            ],
            axis=1,
        )
        y = np.log(slope[usable])
        keep = np.ones(len(y), bool)
        for _ in range(4):  # without the scattered few
            solution, *_ = np.linalg.lstsq(x[keep], y[keep], rcond=None)
            error = y - x @ solution
            keep = np.abs(error) < 3 * np.std(error[keep])
        fitted[name] = [round(float(c), 5) for c in solution]
        residuals[name] = round(float(np.std(error[keep])), 3)
        print(f"{name}: scatter of ln(slope) {residuals[name]}, {keep.mean():.1%} of the points used")
    content = {
        "fitted_by": "tools/fit/rate_slopes.py",
        "data": f"{arguments.crops} crops of {SIZE}x{SIZE} from {len(paths)} pictures, {len(QUALITIES)} qualities",
        "date": datetime.date.today().isoformat(),
        "residual": residuals,
        "coefficients": fitted,
    }
    arguments.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
