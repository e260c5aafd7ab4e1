"""Fits how few bits crops may have before their slopes stop growing (jpegpre_tf/losses/rate_floors.json).

Slopes of BD-rates grow without bound where a crop is nearly flat. Below the rate that all but 5 % of crops exceed at a
quality, slopes stay those of that rate: this tool fits ln of that rate as a quadratic function of ln of the table's
scale.

python tools/fit/rate_floors.py PICTURES --crops 400
"""

import argparse
import datetime
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf.losses.rate_slopes import FLOORS, HEADER_BPP, HEADER_BYTES, scale_of
from jpegpre_tf.training.data.crops import list_pictures, load_rgb, random_crop

SIZE = 192
SHARE = 0.05
QUALITIES = np.array([5, 10, 17, 25, 35, 45, 55, 65, 75, 83, 90, 95])


def _rate_bpp(crop: np.ndarray, quality: int) -> float:
    file = io.BytesIO()
    Image.fromarray(crop).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return 8 * max(1, file.tell() - HEADER_BYTES) / crop[..., 0].size + HEADER_BPP


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crops", type=int, default=400)
    parser.add_argument("-o", "--output", type=Path, default=FLOORS)
    arguments = parser.parse_args(argv)
    generator = np.random.default_rng(0)
    paths = list_pictures(arguments.folder)
    rates = []
    for index in generator.choice(len(paths), arguments.crops):
        crop = np.ascontiguousarray(random_crop(load_rgb(paths[index]), SIZE, generator))
        rates.append([_rate_bpp(crop, int(quality)) for quality in QUALITIES])
    floors = np.quantile(np.log(rates), SHARE, axis=0)
    log_scale = np.log(scale_of(QUALITIES.astype(np.float64)))
    terms = np.stack([np.ones_like(log_scale), log_scale, log_scale**2], axis=1)
    fitted, *_ = np.linalg.lstsq(terms, floors, rcond=None)
    content = {
        "fitted_by": "tools/fit/rate_floors.py",
        "data": f"{arguments.crops} crops of {SIZE}x{SIZE} from {len(paths)} pictures, {len(QUALITIES)} qualities",
        "date": str(datetime.date.today()),
        "share": SHARE,
        "residual": round(float(np.std(terms @ fitted - floors)), 4),
        "coefficients": [round(float(value), 5) for value in fitted],
    }
    arguments.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content), np.exp(floors).round(3), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
