"""Fits how few bits crops may have before their slopes stop growing (jpegpre_tf/losses/rate_floors.json).

Slopes of BD-rates grow without bound where a crop is nearly flat. Below the rate that all but 5 % of crops exceed at a
quality, slopes stay those of that rate: this tool fits ln of that rate as a quadratic function of ln of the table's
scale.

python tools/fit/rate_floors.py PICTURES --crops 400
"""

import datetime
import json
import sys
from pathlib import Path

import numpy as np

from jpegpre_tf.losses.rate_slopes import FLOORS, scale_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tools.fit.plain_crops import draw_crops, encode_plain, parse_arguments

SIZE = 192
SHARE = 0.05
QUALITIES = np.array([5, 10, 17, 25, 35, 45, 55, 65, 75, 83, 90, 95])


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(__doc__, crops=400, output=FLOORS, argv=argv)
    crops, pictures = draw_crops(arguments.folder, arguments.crops, SIZE)
    rates = [[encode_plain(crop, int(quality))[0] for quality in QUALITIES] for crop in crops]
    floors = np.quantile(np.log(rates), SHARE, axis=0)
    log_scale = np.log(scale_of(QUALITIES.astype(np.float64)))
    terms = np.stack([np.ones_like(log_scale), log_scale, log_scale**2], axis=1)
    fitted, *_ = np.linalg.lstsq(terms, floors, rcond=None)
    content = {
        "fitted_by": "tools/fit/rate_floors.py",
        "data": f"{arguments.crops} crops of {SIZE}x{SIZE} from {pictures} pictures, {len(QUALITIES)} qualities",
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
