"""Files and numbers that tests in a browser are given: pictures, and what the Python package makes of them."""

import base64
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.jpeg.tuned_tables import TunedTables

ROOT = Path(__file__).parent.parent.parent
WEB = ROOT / "export" / "web"
PICTURES = ROOT / "tests" / "pictures"
MODELS = Path(os.environ.get("JPEGPRE_MODELS", ROOT / "savedmodels"))
# Quality and strength of each picture of `write_parity_cases`.
SETTINGS = ((75, 1.0), (30, 1.0), (50, 1.0), (90, 1.0), (75, 0.5), (12, 1.0))


def profiles() -> list[runtime.ModelFolder]:
    """Models that a browser can run."""
    folders = [
        runtime.find_model(path.parent) for path in sorted(MODELS.glob("*/model.json")) if _has_onnx(path)
    ]
    return [folder for folder in folders if "int8" in folder.precisions("onnx")]


def _has_onnx(card: Path) -> bool:
    description = json.loads(card.read_text())
    return "tile" in description and any(f.get("format") == "onnx" for f in description["files"].values())


def list_tables() -> list[dict]:
    """Each profile's tables.json, and the tables of all qualities."""
    return [
        {
            "profile": profile.name,
            "file": json.loads((profile.path / "tables.json").read_text()),
            "expected": [
                TunedTables.read(profile.path / "tables.json").tables(quality).reshape(2, 64).tolist()
                for quality in range(1, 101)
            ],
        }
        for profile in profiles()
    ]


def list_scores() -> list[dict]:
    """Pictures of several sizes, odd ones too, decoded from JPEG, with the Python package's score."""
    package = pytest.importorskip("ssimulacra2.ssimulacra2", reason="needs the extra [evaluate]")
    scores = []
    for name, box, quality in (
        ("gb82_city", (100, 100, 301, 257), 60),
        ("gb82_girl", (0, 0, 128, 128), 20),
        ("budgie_perched_osprey", (200, 100, 233, 141), 85),
        ("gb82_city", (5, 300, 16, 309), 50),
    ):
        picture = Image.open(PICTURES / f"{name}.webp").convert("RGB").crop(box)
        jpeg, png = io.BytesIO(), io.BytesIO()
        picture.save(jpeg, "JPEG", quality=quality)
        picture.save(png, "PNG")
        decoded = Image.open(jpeg)
        scores.append(
            {
                "width": picture.width,
                "height": picture.height,
                "original": base64.b64encode(picture.tobytes()).decode(),
                "decoded": base64.b64encode(decoded.tobytes()).decode(),
                "score": package.compute_ssimulacra2(png, jpeg),
            }
        )
    return scores


def write_parity_cases(folder: Path) -> list[dict]:
    """Six pictures, no side a multiple of 16, with what the Python runtime makes of them."""
    pictures = []
    for name in ("budgie_perched_osprey", "gb82_city", "gb82_girl"):
        whole = Image.open(PICTURES / f"{name}.webp").convert("RGB")
        cut = whole.width // 2 + 13
        for part, box in enumerate(((0, 0, cut, 501), (cut, 3, whole.width, whole.height))):
            picture = whole.crop(box)
            if name == "gb82_city":
                _write_on(picture)
            path = folder / f"{name}-{part}.png"
            picture.save(path)
            pictures.append((path.name, np.asarray(picture)))
    cases = []
    for profile in profiles():
        session = runtime.load(profile.path, precision="int8")
        for (name, pixels), (quality, strength) in zip(pictures, SETTINGS, strict=True):
            stem = f"{profile.name}-{Path(name).stem}"
            (folder / f"{stem}.rgb").write_bytes(session(pixels, quality, strength).tobytes())
            cases.append(
                {
                    "profile": profile.name,
                    "picture": name,
                    "quality": quality,
                    "strength": strength,
                    "expected": f"{stem}.rgb",
                    "file": f"{stem}.jpg",
                }
            )
    return cases


def _write_on(picture: Image.Image) -> None:
    """White and black, and almost so, in full blocks and in few pixels; line art on paper, saturated text."""
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 200, 160), fill="white")
    draw.rectangle((210, 300, 280, 420), fill="black")
    draw.rectangle((8, 260, 200, 380), fill=(250, 250, 250))
    draw.rectangle((8, 390, 200, 496), fill="yellow")
    for i in range(30):
        draw.line((42, 43 + 4 * i, 42 + 5 * i, 45 + 4 * i), fill=(8 * i,) * 3)
        draw.line((212, 303 + 4 * i, 270, 305 + 4 * i), fill=(255, 255, 255 - i % 2))
        draw.point([(8 * i + 3, 200 + k) for k in range(i)], fill="white")
        draw.rectangle((8 * i, 240, 8 * i + i % 8, 246), fill=(0, 0, i % 2))
        draw.line((8, 262 + 4 * i, 200, 262 + 7 * (i % 17)), fill=(40 + 4 * i,) * 3)
        draw.text((10, 391 + 11 * i), "Red, blue, black 0123456789", fill=("red", "blue", "black")[i % 3])


def write_photos_with_metadata(folder: Path) -> None:
    """A camera's JPEG file: stored on its side, with place, date, XMP, a comment and a colour profile."""
    city = Image.open(PICTURES / "gb82_city.webp").convert("RGB").crop((100, 200, 356, 392))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769).update({0x9003: "2026:01:02 03:04:05", 0xA002: 256, 0xA003: 192})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 0.0), 3: "E", 4: (16.0, 22.0, 0.0)})
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    xmp += b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    xmp += b'tiff:Orientation="6" dc:source="here"/></rdf:RDF></x:xmpmeta>'
    options = {"exif": exif, "xmp": xmp, "comment": "a comment"}
    city.save(folder / "camera.jpg", quality=98, subsampling=0, **options)
    city.save(folder / "small.jpg", quality=15, optimize=True, **options)
    city.save(folder / "camera.png", exif=exif)


def write_encoded(folder: Path) -> None:
    """The same pictures with the standard's Huffman tables and with their own; files that a browser does not write."""
    city = Image.open(PICTURES / "gb82_city.webp").convert("RGB")
    pictures = {
        "color": city.crop((100, 200, 351, 377)),
        "gray": city.crop((100, 200, 351, 377)).convert("L"),
        "whole": city.crop((100, 200, 356, 392)),
    }
    for name, picture in pictures.items():
        picture.save(folder / f"{name}-standard.jpg", quality=60, subsampling=2)
        picture.save(folder / f"{name}-optimized.jpg", quality=60, subsampling=2, optimize=True)
    pictures["whole"].save(folder / "full-color.jpg", quality=60, subsampling=0)
    pictures["whole"].save(folder / "progressive.jpg", quality=60, subsampling=2, progressive=True)
    # Carriers of 31 columns of blocks, or 23 rows: luma's scans are written anew.
    own, target = (
        jpeg.quantization_tables(90),
        (np.arange(3, 67).reshape(8, 8), np.arange(70, 6, -1).reshape(8, 8)),
    )
    for width, height in ((248, 192), (250, 177), (243, 180)):
        decided = jpeg.encode_coefficients(np.asarray(pictures["whole"])[:height, :width], tables=target)
        carrier = folder / f"carrier-{width}x{height}.jpg"
        pixels = jpeg.carrier_pixels(decided, own)
        Image.fromarray(pixels).save(carrier, quality=90, subsampling=2, progressive=True)
        finished = jpeg.finish(carrier.read_bytes(), own, target, height, width)
        (folder / f"finished-{width}x{height}.jpg").write_bytes(finished)
