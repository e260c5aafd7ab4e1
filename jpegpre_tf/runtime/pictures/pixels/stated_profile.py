"""Colour spaces that a file states in another way than by a profile, as a profile for the new file."""

from dataclasses import replace

from PIL import Image

from jpegpre_tf.runtime.pictures.metadata.metadata import Metadata
from jpegpre_tf.runtime.pictures.metadata.text_metadata import is_adobe_rgb
from jpegpre_tf.runtime.pictures.pixels.color_description import (
    ADOBE_RGB_PRIMARIES,
    ColorDescription,
    matrix_profile,
)
from jpegpre_tf.runtime.pictures.pixels.rgb_strips import GRAY_MODES


def with_stated_profile(
    image: Image.Image, metadata: Metadata, description: ColorDescription | None
) -> tuple[Metadata, tuple[str, ...]]:
    """Returns metadata with a profile where a colour space is stated in another way, and notes."""
    if image.mode in GRAY_MODES or image.mode == "CMYK":
        return metadata, ()
    if description is not None:
        profile = description.profile()
        if profile or not metadata.icc:
            return replace(metadata, icc=profile), () if description.is_known else (_unknown(description),)
    if not metadata.icc and is_adobe_rgb(metadata.exif):
        profile = matrix_profile("Adobe RGB (1998)", ADOBE_RGB_PRIMARIES, 2.19921875)
        return replace(metadata, icc=profile), (
            "Adobe RGB, stated by EXIF alone: a profile is put into new files",
        )
    return metadata, ()


def _unknown(description: ColorDescription) -> str:
    return (
        f"its colour space (primaries {description.primaries}, transfer {description.transfer} of H.273) is not "
        "known: its samples are taken for sRGB's"
    )


def describe_unused_profile(icc: bytes) -> str:
    """Returns the note on a profile that does not fit the pixels it came with."""
    space = icc[16:20].decode("ascii", "replace").strip()
    kind = f"a colour profile for {space}" if space.isalnum() else "a damaged colour profile"
    return f"its pixels are not of {kind}, which it has: not converted to sRGB"
