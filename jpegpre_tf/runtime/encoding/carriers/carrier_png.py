"""A carrier as a PNG file that remembers its plan."""

import json
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from jpegpre_tf._json import parse_json
from jpegpre_tf.runtime.inference.arguments import check_tables
from jpegpre_tf.runtime.inference.carrier import Carrier

# Keyword of the tEXt chunk; its text is JSON of one line.
KEYWORD = "jpegpre carrier"
_FORMAT = 1


def carrier_info(carrier: Carrier) -> PngImagePlugin.PngInfo:
    """Returns the chunk to save with the pixels: Pillow's argument `pnginfo`."""
    plan = {
        "format": _FORMAT,
        "width": carrier.width,
        "height": carrier.height,
        "quality": carrier.quality,
        "tables": carrier.tables.reshape(2, 64).tolist(),
        "encoder_tables": carrier.encoder_tables.reshape(2, 64).tolist(),
    }
    info = PngImagePlugin.PngInfo()
    info.add_text(KEYWORD, json.dumps(plan, separators=(",", ":")))
    return info


def read_carrier(image: Image.Image) -> Carrier:
    """Returns the carrier of an opened PNG file.

    Raises:
        ValueError: If it is not one; one line says why.
        OSError: If the file is damaged.
    """
    image.load()
    text = getattr(image, "text", {}).get(KEYWORD)
    if text is None:
        raise ValueError(
            "expected a carrier written by `jpegpre preprocess --carrier`: the plan in it is missing"
        )
    try:
        plan: dict[str, Any] = parse_json(text)
        if plan["format"] != _FORMAT:
            raise ValueError(f"format {plan['format']}")
        width, height = int(plan["width"]), int(plan["height"])
        quality = None if plan["quality"] is None else int(plan["quality"])
        tables, encoder_tables = (
            check_tables(name, np.asarray(plan[name]).reshape(2, 8, 8))
            for name in ("tables", "encoder_tables")
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"the plan in the carrier is damaged: {error}") from error
    unit = 8 if image.mode == "L" else 16
    if image.size != (-(-width // unit) * unit, -(-height // unit) * unit) or min(width, height) < 1:
        raise ValueError(
            f"the plan in the carrier is of {width}x{height} pixels, "
            f"which does not fit its {image.width}x{image.height}"
        )
    return Carrier(np.asarray(image), quality, tables, encoder_tables, width, height)
