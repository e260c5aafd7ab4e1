"""Picture files of many kinds, and damages to them, for tools/check/fuzz_encode.py and tests."""

import io
import random
import struct
import zlib

import numpy as np
from PIL import Image

KINDS = ("jpg", "png", "webp", "tif", "gif", "avif", "heic", "bmp", "pam")


def photo(width: int, height: int) -> Image.Image:
    """Something between a photo and noise, always the same."""
    random_numbers = np.random.default_rng(width * height)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y * a + x * b) * 90 + 128 for a, b in random_numbers.uniform(0.02, 0.4, (3, 2))]
    noisy = np.stack(waves, -1) + random_numbers.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def seeds() -> dict[str, list[bytes]]:
    """A few files of each kind that take different ways through the decoders."""
    from PIL import ImageCms

    rgb, gray = photo(72, 56), photo(40, 64).convert("L")
    alpha = rgb.convert("RGBA")
    alpha.putalpha(gray.resize(rgb.size))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rich = {"exif": exif, "icc_profile": profile, "xmp": b"<x exif:GPSLatitude='1'/>"}
    sixteen = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)

    def made(image: Image.Image, kind: str, **options: object) -> bytes:
        file = io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    return {
        "jpg": [
            made(rgb, "JPEG", quality=85, comment=b"c", dpi=(72, 72), **rich),
            made(rgb, "JPEG", quality=90, progressive=True, subsampling=0),
            made(rgb, "JPEG", quality=75, progressive=True),
            made(gray, "JPEG", quality=80),
            made(rgb.convert("CMYK"), "JPEG", quality=80),
            made(rgb, "MPO", save_all=True, append_images=[rgb.rotate(180)]),
            made(rgb, "JPEG", quality=80, restart_marker_blocks=2),
        ],
        "png": [
            made(rgb, "PNG", **{key: rich[key] for key in ("exif", "icc_profile")}),
            made(alpha, "PNG"),
            made(rgb.quantize(17), "PNG", transparency=3),
            made(sixteen, "PNG"),
            made(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)]),
        ],
        "webp": [
            made(rgb, "WEBP", quality=70, **rich),
            made(alpha, "WEBP", lossless=True),
            made(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(180)]),
        ],
        "tif": [
            made(rgb, "TIFF", exif=exif, icc_profile=profile),
            *(made(rgb, "TIFF", compression=name) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")),
            made(rgb.convert("1"), "TIFF", compression="group4"),
            made(sixteen, "TIFF"),
            made(rgb.convert("CMYK"), "TIFF"),
            *deep_tiffs(rgb),
        ],
        "gif": [
            made(rgb.quantize(17), "GIF", comment=b"c", transparency=3),
            made(rgb.quantize(40), "GIF", save_all=True, append_images=[rgb.rotate(180)]),
        ],
        "avif": [made(rgb, "AVIF", quality=70, **rich), made(alpha, "AVIF", quality=90)],
        "heic": heic_files(rgb, alpha) or [made(rgb, "AVIF", quality=80)],
        "bmp": [
            made(rgb, "BMP"),
            made(rgb.quantize(40), "BMP"),
            *(
                bit_fields(rgb, masks)
                for masks in ((0x3FF00000, 0xFFC00, 0x3FF, 0), (0xFF, 0xFF00, 0xFF0000, 255 << 24))
            ),
        ],
        "pam": [
            b"P7\nWIDTH 72\nHEIGHT 56\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + rgb.tobytes(),
            b"P7\nWIDTH 72\nHEIGHT 56\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + alpha.tobytes(),
            made(gray, "PPM"),
        ],
    }


def bit_fields(rgb: Image.Image, masks: tuple[int, int, int, int]) -> bytes:
    """A BMP file of 32 bits a pixel in such fields, with a header of version 5 and a profile of nonsense."""
    pixels = np.asarray(rgb).astype(np.uint64)
    values = sum(
        (pixels[..., i] * (mask // (mask & -mask)) // 255) * (mask & -mask)
        for i, mask in enumerate(masks[:3])
    )
    data = (values + masks[3] // 2).astype("<u4").tobytes()
    header = struct.pack("<IiiHHIIiiII", 124, rgb.width, -rgb.height, 1, 32, 3, len(data), 2835, 2835, 0, 0)
    header = (header + struct.pack("<4I", *masks) + b"DEBM").ljust(112, b"\0")
    header += struct.pack("<IIII", 124 + len(data), 200, 0, 0)[:12]
    return b"BM" + struct.pack("<IHHI", 14 + 124 + len(data) + 200, 0, 0, 138) + header + data + bytes(200)


def deep_tiffs(rgb: Image.Image) -> list[bytes]:
    """TIFF files of 16 bits by tifffile, by pixels and by planes, if it is installed."""
    try:
        import tifffile
    except ImportError:
        return []
    deep = np.asarray(rgb).astype(np.uint16) * 257
    files = []
    for pixels, options in (
        (deep, {"compression": "zlib", "predictor": True, "rowsperstrip": 16}),
        (np.moveaxis(deep, -1, 0), {"planarconfig": "separate"}),
        (deep[..., 0], {"photometric": "miniswhite"}),
    ):
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, **{"photometric": "rgb", **options})
        files.append(file.getvalue())
    return files


def heic_files(*images: Image.Image) -> list[bytes]:
    """HEIC files, if pillow_heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return []
    files = []
    for image in images:
        file = io.BytesIO()
        pillow_heif.from_pillow(image).save(file, quality=70)
        files.append(file.getvalue())
    return files


def mutated(content: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """One to eight damages: flipped and interesting bytes, cuts, copies, pieces of other files."""
    data = bytearray(content)
    # Headers decide most; half of the damages go there.
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        size = len(data)
        if size < 8:
            break
        at = chance.randrange(min(size, 700) if chance.random() < 0.5 else size)
        kind = chance.randrange(8)
        if kind < 3:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 3:
            value = chance.choice(
                (b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x80\0")
            )
            data[at : at + len(value)] = value
        elif kind == 4:
            del data[at : at + chance.randrange(1, 40)]
        elif kind == 5:
            data[at:at] = data[at : at + chance.randrange(1, 40)] * chance.randrange(1, 4)
        elif kind == 6:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            data[at : at + 30] = other[start : start + chance.randrange(1, 60)]
        else:
            del data[at:]
    return bytes(data)


def with_checksums(data: bytes) -> bytes:
    """A PNG file with its chunks' checksums made right again: decoders stop at the first wrong one."""
    fixed, at = bytearray(data), 8
    while at + 12 <= len(fixed):
        end = at + 8 + int.from_bytes(fixed[at : at + 4], "big")
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = zlib.crc32(fixed[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(fixed)


def file_of(number: int, seed: int, kinds: dict[str, list[bytes]]) -> tuple[str, bytes]:
    """File number `number`: its kind and content."""
    chance = random.Random(f"{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    content = mutated(chance.choice(kinds[kind]), chance, kinds[kind])
    return kind, with_checksums(content) if kind == "png" and chance.random() < 0.8 else content
