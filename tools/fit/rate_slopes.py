"""Fits what plain JPEG pays for quality (jpegpre_tf/losses/rate_slopes.json) on crops of a folder of pictures.

python tools/fit/rate_slopes.py PICTURES --crops 240
"""

import datetime
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.losses.rate_slopes import FILE, scale_of, terms

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.fit.plain_crops import draw_crops, encode_plain, parse_arguments

SIZE = 256
QUALITIES = np.array([5, 8, 12, 17, 23, 30, 38, 46, 55, 64, 72, 79, 85, 90, 94, 97])


def _curves(crops: list[np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """ln(rate), and each metric: float64 (crops, qualities)."""
    functions = {name: tf.function(function) for name, function in METRICS.items()}
    log_rates, values = [], {name: [] for name in METRICS}
    for crop in crops:
        encoded = [encode_plain(crop, int(quality)) for quality in QUALITIES]
        log_rates.append(np.log([rate for rate, _ in encoded]))
        decoded = tf.constant(
            np.stack([np.asarray(Image.open(file).convert("RGB")) for _, file in encoded]), tf.float32
        )
        original = tf.repeat(tf.constant(crop[None], tf.float32), len(QUALITIES), axis=0)
        for name, function in functions.items():
            values[name].append(function(original, decoded).numpy())
    return np.array(log_rates), {name: np.array(found, np.float64) for name, found in values.items()}


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(__doc__, crops=240, output=FILE, argv=argv)
    crops, pictures = draw_crops(arguments.folder, arguments.crops, SIZE)
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
        "data": f"{arguments.crops} crops of {SIZE}x{SIZE} from {pictures} pictures, {len(QUALITIES)} qualities",
        "date": datetime.date.today().isoformat(),
        "residual": residuals,
        "coefficients": fitted,
    }
    arguments.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
