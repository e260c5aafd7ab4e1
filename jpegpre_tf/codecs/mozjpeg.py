"""MozJPEG through libvips, whose binary package is built with it."""

import functools
import importlib.util
import re
from pathlib import Path

import numpy as np

from jpegpre_tf._optional import MissingExtraError, require
from jpegpre_tf._types import RGBImage
from jpegpre_tf.codecs.base import Encoder, check_subsampling


class MozJPEG(Encoder):
    """MozJPEG with trellis quantisation.

    Args:
        tables: "default" for what its own `cjpeg` does (its quantisation tables, progressive with searched
            scans, deringing), "annex-k" for the plain tables of libjpeg in a baseline file, which shows what
            the trellis alone is worth.
        subsampling: "4:2:0" or "4:4:4"; libvips offers no other.
    """

    takes_gray = True
    rounds = False

    def __init__(self, *, tables: str = "default", subsampling: str = "4:2:0"):
        if tables not in ("default", "annex-k"):
            raise ValueError(f"`tables` must be 'default' or 'annex-k'. Received: {tables!r}")
        if check_subsampling(subsampling) == "4:2:2":
            raise ValueError("`subsampling` of MozJPEG must be '4:2:0' or '4:4:4'. Received: '4:2:2'")
        self._vips = require("pyvips", extra="evaluate", purpose="MozJPEG")
        default = tables == "default"
        self._options = {
            "optimize_coding": True,
            "trellis_quant": True,
            "overshoot_deringing": default,
            "interlace": default,
            "optimize_scans": default,
            "quant_table": 3 if default else 0,
            "subsample_mode": "on" if subsampling == "4:2:0" else "off",
            "keep": "none",
        }
        self.name = "mozjpeg" if default else "mozjpeg-trellis"
        self.version = _version()
        self.flags = (
            f"trellis, progressive with optimised scans, deringing, {subsampling}, MozJPEG's tables (3)"
            if default
            else f"trellis, baseline, optimised Huffman, {subsampling}, Annex K tables (0)"
        )

    def encode_bytes(self, image: RGBImage, quality: int) -> bytes:
        height, width, channels = image.shape
        memory = np.ascontiguousarray(image).data
        picture = self._vips.Image.new_from_memory(memory, width, height, channels, "uchar")
        return bytes(picture.jpegsave_buffer(Q=quality, **self._options))


@functools.cache
def _version() -> str:
    """Versions of MozJPEG and libvips.

    libvips cannot say which libjpeg it was built with, and with an ordinary one it ignores `trellis_quant`
    silently: so that is tried out, and the version is read from the text that MozJPEG keeps in its binary.
    """
    vips = require("pyvips", extra="evaluate", purpose="MozJPEG")
    noise = vips.Image.gaussnoise(64, 64, sigma=40, mean=128, seed=1).cast("uchar")
    plain, trellis = (
        noise.jpegsave_buffer(Q=50, optimize_coding=True, trellis_quant=on) for on in (False, True)
    )
    if plain == trellis:
        raise MissingExtraError("this libvips is built without MozJPEG: pip install pyvips-binary")
    libvips = ".".join(str(vips.version(part)) for part in range(3))
    module = importlib.util.find_spec("_libvips")
    folder = Path(module.origin).parent if module and module.origin else Path()
    for binary in sorted(folder.glob("pyvips_binary.libs/libvips*")):
        if match := re.search(rb"mozjpeg version (\S+) \(build", binary.read_bytes()):
            return f"{match.group(1).decode()} (libvips {libvips})"
    return f"version unknown (libvips {libvips})"
