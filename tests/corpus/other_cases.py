"""PNG, WebP, TIFF, BMP, GIF, PPM, AVIF, HEIC: bit depths, transparency, gamma, frames, sizes."""

import io
import struct

import numpy as np
from PIL import Image

from tests.corpus.case import (
    REFUSED,
    Case,
    package,
    photo,
    png_with,
    saved,
    vips,
    with_alpha,
)
from tests.corpus.jpeg_cases import oriented, p3_profile, same_exif, srgb_profile

_ON_WHITE = (r"transparency was put on white",)
_LARGER = (r"larger than the input",)


def sixteen(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(np.uint16) * 257


def opencv(suffix: str, pixels: np.ndarray) -> bytes:
    order = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    return package("cv2").imencode(suffix, order)[1].tobytes()


def tiff(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    package("tifffile").imwrite(file, pixels, **options)
    return file.getvalue()


def frames(kind: str, **options) -> bytes:
    first = photo().quantize(32) if kind == "GIF" else photo()
    return saved(kind, first, save_all=True, append_images=[first.rotate(180)], **options)


def heic(image: Image.Image | None = None, **options) -> bytes:
    file = io.BytesIO()
    package("pillow_heif").from_pillow(photo() if image is None else image).save(file, **options)
    return file.getvalue()


def linear_light() -> Image.Image:
    """The photo with gamma 1: what a viewer without gAMA would show far too dark."""
    levels = np.asarray(photo()) / 255.0
    return Image.fromarray(np.rint(255 * levels**2.2).astype(np.uint8))


def looks_like_the_photo(before: bytes, after: bytes) -> None:
    with Image.open(io.BytesIO(after)) as image:
        received = np.asarray(image.convert("RGB")).astype(float)
    assert np.abs(received - np.asarray(photo())).mean() < 10


def is_red_left(before: bytes, after: bytes) -> None:
    with Image.open(io.BytesIO(after)) as image:
        left = np.asarray(image.convert("RGB"))[8:72, 8:32].reshape(-1, 3).mean(axis=0)
    assert np.abs(left - (200, 0, 0)).max() < 6


def one_bit() -> Image.Image:
    return photo().convert("1")


CASES = [
    Case("rgb.png", "8-bit RGB", lambda: saved("PNG")),
    Case("grey.png", "8-bit grey", lambda: saved("PNG", photo().convert("L")), mode="L"),
    Case("rgba.png", "transparency on white", lambda: saved("PNG", with_alpha()), says=_ON_WHITE),
    Case("rgba-red.png", "transparency on a colour", lambda: saved("PNG", with_alpha()), looks=None,
         says=(r"put on #c80000",), options={"background": "#c80000"}, check=is_red_left),
    Case("grey-alpha.png", "grey with transparency", lambda: saved("PNG", with_alpha().convert("LA")),
         says=_ON_WHITE, mode="L"),
    Case("opaque-alpha.png", "an alpha channel that hides nothing", make=lambda: saved("PNG", photo().convert("RGBA"))),
    Case("invisible.png", "wholly transparent", lambda: saved("PNG", Image.new("RGBA", (64, 64))),
         says=(*_ON_WHITE, *_LARGER)),
    Case("palette.png", "palette of 200 colours", lambda: saved("PNG", photo().quantize(200))),
    Case("palette-16.png", "palette of 4 bits", lambda: saved("PNG", photo().quantize(16), bits=4), says=()),
    Case("palette-2.png", "palette of 1 bit", lambda: saved("PNG", photo().quantize(2), bits=1), says=_LARGER,
         looks=20),
    Case("palette-alpha.png", "palette with transparent entries", says=_ON_WHITE,
         make=lambda: saved("PNG", with_alpha().quantize(64))),
    Case("colour-key.png", "one colour is transparent", says=_ON_WHITE, looks=None,
         make=lambda: saved("PNG", with_alpha().convert("RGB"), transparency=(0, 255, 0))),
    Case("one-bit.png", "black and white", lambda: saved("PNG", one_bit()), says=_LARGER, mode="L", looks=40),
    Case("grey-16.png", "16-bit grey", lambda: saved("PNG", Image.fromarray(sixteen(photo().convert("L")))),
         mode="L", looks=None, check=lambda before, after: None),
    Case("rgb-16.png", "16-bit RGB by OpenCV", lambda: opencv(".png", sixteen(photo())),
         check=looks_like_the_photo),
    Case("rgba-16.png", "16-bit RGBA by OpenCV", lambda: opencv(".png", sixteen(with_alpha())), says=_ON_WHITE),
    Case("interlaced.png", "Adam7 by libvips", lambda: vips("pngsave", interlace=True)),
    Case("gamma-1.png", "gAMA of linear light", says=(r"gamma 1 was converted",), looks=None,
         make=lambda: png_with(b"gAMA", struct.pack(">I", 100_000), saved("PNG", linear_light())),
         check=looks_like_the_photo),
    Case("gamma-srgb.png", "gAMA of sRGB", lambda: png_with(b"gAMA", struct.pack(">I", 45_455))),
    Case("gamma-and-srgb.png", "sRGB wins over gAMA",
         make=lambda: png_with(b"gAMA", struct.pack(">I", 100_000), png_with(b"sRGB", b"\0"))),
    Case("gamma-and-profile.png", "a profile wins over gAMA", check=same_exif,
         make=lambda: png_with(b"gAMA", struct.pack(">I", 100_000), saved("PNG", icc_profile=srgb_profile()))),
    Case("gamma-0.png", "gAMA of nonsense", lambda: png_with(b"gAMA", struct.pack(">I", 0))),
    Case("p3.png", "Display P3 profile is kept", lambda: saved("PNG", icc_profile=p3_profile()), check=same_exif),
    Case("orientation-6.png", "eXIf with orientation", lambda: oriented(6, "PNG")),
    Case("animated.png", "animated PNG", lambda: frames("PNG"), says=(r"holds 2 pictures",)),
    Case("really-png.jpg", "a PNG under a JPEG's name", lambda: saved("PNG")),
    Case("really-jpeg.png", "a JPEG under a PNG's name", lambda: saved("JPEG", quality=90)),
    Case("lossy.webp", "lossy WebP", lambda: saved("WEBP", quality=80), says=_LARGER),
    Case("lossless.webp", "lossless WebP", lambda: saved("WEBP", lossless=True)),
    Case("alpha.webp", "WebP with transparency", says=_ON_WHITE,
         make=lambda: saved("WEBP", with_alpha(), lossless=True)),
    Case("animated.webp", "animated WebP", lambda: frames("WEBP", lossless=True), says=(r"holds 2 pictures",)),
    Case("orientation-8.webp", "WebP with EXIF", lambda: oriented(8, "WEBP"), says=()),
    Case("rgb.tif", "TIFF", lambda: saved("TIFF")),
    Case("lzw.tif", "TIFF, LZW", lambda: saved("TIFF", compression="tiff_lzw")),
    Case("deflate.tif", "TIFF, Deflate", lambda: saved("TIFF", compression="tiff_adobe_deflate")),
    Case("jpeg.tif", "TIFF, JPEG", lambda: saved("TIFF", compression="jpeg"), says=()),
    Case("fax.tif", "TIFF, CCITT fax", lambda: saved("TIFF", one_bit(), compression="group4"), says=_LARGER,
         mode="L", looks=40),
    Case("cmyk.tif", "TIFF, CMYK", lambda: saved("TIFF", photo().convert("CMYK"))),
    Case("grey-16.tif", "TIFF, 16-bit grey", lambda: tiff(sixteen(photo().convert("L"))), mode="L", looks=None),
    Case("rgb-16.tif", "TIFF, 16-bit RGB", lambda: tiff(sixteen(photo()), photometric="rgb"),
         check=looks_like_the_photo),
    Case("white-is-0.tif", "TIFF, white is zero", mode="L",
         make=lambda: tiff(np.asarray(photo().convert("L")), photometric="miniswhite")),
    Case("planes.tif", "TIFF, planes apart", looks=None, check=looks_like_the_photo,
         make=lambda: tiff(np.moveaxis(np.asarray(photo()), 2, 0), photometric="rgb", planarconfig="separate")),
    Case("tiles.tif", "TIFF, tiles, by libvips", lambda: vips("tiffsave", tile=True, tile_width=32, tile_height=32)),
    Case("big.tif", "BigTIFF, by libvips", lambda: vips("tiffsave", bigtiff=True), looks=None,
         check=looks_like_the_photo),
    Case("pages.tif", "TIFF, two pages", lambda: frames("TIFF"), says=(r"holds 2 pictures",)),
    Case("orientation-6.tif", "TIFF with orientation", lambda: oriented(6, "TIFF")),
    Case("float.tif", "TIFF, floating point", outcome=REFUSED, says=(r"32-bit floating-point samples",),
         make=lambda: tiff(np.asarray(photo().convert("L")).astype(np.float32) / 255)),
    Case("lab.tif", "TIFF, CIE L*a*b*", outcome=REFUSED, says=(r"TIFF in CIE L\*a\*b\* colors",),
         make=lambda: saved("TIFF", lab())),
    Case("rgb.bmp", "BMP", lambda: saved("BMP")),
    Case("palette.bmp", "BMP with a palette", lambda: saved("BMP", photo().quantize(64))),
    Case("rgba.bmp", "BMP of 32 bits", lambda: saved("BMP", with_alpha())),
    Case("still.gif", "GIF", lambda: saved("GIF", photo().quantize(128))),
    Case("animated.gif", "animated GIF", lambda: frames("GIF"), says=(r"holds 2 pictures",)),
    Case("transparent.gif", "GIF with transparency", lambda: saved("GIF", with_alpha()), says=_ON_WHITE,
         looks=12),
    Case("ascii.ppm", "PPM as text", lambda: b"P3 2 2 255\n" + b"200 100 50 " * 4, says=_LARGER),
    Case("grey.pgm", "PGM", lambda: saved("PPM", photo().convert("L")), mode="L"),
    Case("lossy.avif", "AVIF", lambda: saved("AVIF", quality=90)),
    Case("alpha.avif", "AVIF with transparency", lambda: saved("AVIF", with_alpha(), quality=90), says=_ON_WHITE),
    Case("photo.heic", "HEIC", lambda: heic(quality=90), looks=None, check=looks_like_the_photo),
    Case("alpha.heic", "HEIC with transparency", lambda: heic(with_alpha(), quality=90), says=_ON_WHITE, looks=None),
    Case("half.heic", "HEIC cut in half", lambda: heic(quality=90)[:1500], REFUSED, ("",)),
    Case("1x1.png", "one pixel", lambda: saved("PNG", photo(1, 1)), says=_LARGER),
    Case("1x1.jpg", "one pixel, JPEG", lambda: saved("JPEG", photo(1, 1), quality=90)),
    Case("7x9.png", "smaller than a block and a bit", lambda: saved("PNG", photo(7, 9)), says=_LARGER, looks=12),
    Case("15x17.png", "no multiple of anything", lambda: saved("PNG", photo(15, 17)), says=_LARGER),
    Case("thin.png", "1 x 5000", lambda: saved("PNG", photo().resize((1, 5000))), looks=12),
    Case("long.png", "65500 x 1", lambda: saved("PNG", photo(96, 1).resize((65_500, 1))), says=_LARGER),
    Case("tall.png", "1 x 65500", lambda: saved("PNG", photo(1, 80).resize((1, 65_500))), says=_LARGER),
    Case("white.png", "nothing but white", lambda: saved("PNG", Image.new("RGB", (96, 80), "white")),
         says=_LARGER, looks=0),
    Case("noise.png", "nothing but noise", looks=None,
         make=lambda: saved("PNG", Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 96, 3), np.uint8)))),
]  # fmt: skip


def lab() -> Image.Image:
    from PIL import ImageCms

    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    return ImageCms.applyTransform(photo(), transform)
