"""Makes what the Kotlin tests of export/android compare with, from the Python runtime.

python tests/android/cases.py FOLDER, then: JPEGPRE_CASES=FOLDER mvn test (or gradle test) in export/android.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.jpeg.carriers.encoder_choice import encoder_quality_for
from jpegpre_tf.runtime.inference.arguments import nearest_quality
from jpegpre_tf.runtime.inference.carrier import make_carrier
from jpegpre_tf.runtime.inference.runners.litert_tiles import LiteRTTiles
from jpegpre_tf.runtime.inference.session import Session
from jpegpre_tf.runtime.inference.tiling import _spans, cut

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "tests" / "pictures"
MODELS = ROOT / "savedmodels"
PROFILES = ("balanced", "fidelity", "perceptual")

# What the library's interpreters cannot change.
TILE_SIDE = 256
# Five odd sizes: many tiles, wide, tall, smaller than a tile, strength.
PARITY = (
    ("gb82_city", (3, 5, 580, 406), 75, 1.0),
    ("gb82_girl", (10, 0, 211, 389), 30, 1.0),
    ("budgie_perched_osprey", (300, 100, 309, 433), 90, 1.0),
    ("budgie_perched_osprey", (200, 150, 501, 453), 50, 0.5),
    ("gb82_city", (0, 100, 447, 413), 12, 1.0),
)


class _Recorded(LiteRTTiles):
    """Keeps every tile that goes in and comes out."""

    def __init__(self, content: bytes, threads: int) -> None:
        super().__init__(content, threads)
        self.tiles: list[tuple[bytes, bytes]] = []

    def edit(self, conditions):
        result = super().edit(conditions)
        self.tiles.append((self._buffer.samples.tobytes(), result.tobytes()))
        return result


class _FixedSession(Session):
    """With the library's tiles, all of one size."""

    def _fill(self, tiles, image):
        height, width = image.shape[:2]
        for row in _spans(height, TILE_SIDE, self._alignment, self._overlap):
            for column in _spans(width, TILE_SIDE, self._alignment, self._overlap):
                cut(image, row, column, tiles.buffer(TILE_SIDE, TILE_SIDE))
                yield row, column

    def _make_tiles(self):
        self.recorded = _Recorded(self._content, self._threads)
        return self.recorded


def make_cases(folder: Path) -> None:
    """Writes all cases into an empty folder."""
    for number, (name, box, _, _) in enumerate(PARITY):
        Image.open(PICTURES / f"{name}.webp").convert("RGB").crop(box).save(folder / f"{number}.png")
    (folder / "tables.json").write_text(json.dumps(_tables()))
    (folder / "tile_plans.json").write_text(json.dumps(_tile_plans()))
    (folder / "parity.json").write_text(json.dumps(_parity(folder)))
    (folder / "carriers.json").write_text(json.dumps(_carriers(folder)))
    _write_photo(folder)


def _tables() -> list[dict]:
    """Tables of every profile at every quality, and the encoder's quality for them."""
    entries = []
    for profile in PROFILES:
        tuned = runtime.find_model(MODELS / profile).tuned_tables
        for quality in range(1, 101):
            target = tuned.tables(quality)
            entries.append(
                {
                    "profile": profile,
                    "quality": quality,
                    "tuned": target.reshape(2, 64).tolist(),
                    "libjpeg": np.stack(jpeg.quantization_tables(quality)).reshape(2, 64).tolist(),
                    "encoder_quality": encoder_quality_for(list(target), jpeg.quantization_tables),
                    "nearest_quality": nearest_quality(target),
                }
            )
    return entries


def _tile_plans() -> list[dict]:
    random = np.random.default_rng(9)
    sizes = [(1, 1), (3000, 4000), (24, 20000), (65500, 16), (256, 256), (257, 255), (65535, 65535)]
    sizes += [tuple(int(side) for side in random.integers(1, 9000, 2)) for _ in range(150)]
    plans = []
    for height, width in sizes:
        side, overlap = int(random.choice([128, 256, 512])), int(random.choice([0, 16, 48]))
        spans = {
            axis: [[span.start, span.keep_from, span.keep_to] for span in _spans(length, side, 16, overlap)]
            for axis, length in (("rows", height), ("columns", width))
        }
        plans.append({"height": height, "width": width, "side": side, "overlap": overlap, **spans})
    return plans


def _session(profile: str, precision: str) -> _FixedSession:
    model = runtime.find_model(MODELS / profile)
    return _FixedSession(
        model.read_model(precision), alignment=model.tile_alignment, overlap=model.tile_overlap
    )


def _parity(folder: Path) -> list[dict]:
    """Five pictures with what the Python runtime makes of them and of each of their tiles."""
    cases = []
    for profile, precision in [*((profile, "int8") for profile in PROFILES), ("balanced", "fp32")]:
        session = _session(profile, precision)
        for number, (_, _, quality, strength) in enumerate(PARITY):
            pixels = np.asarray(Image.open(folder / f"{number}.png"))
            session.recorded.tiles.clear()
            edited = session(pixels, quality, strength)
            label = f"{profile}-{precision}-{number}"
            (folder / f"{label}.rgb").write_bytes(edited.tobytes())
            if precision == "int8":
                tiles = b"".join(part for tile in session.recorded.tiles for part in tile)
                (folder / f"{label}.tiles").write_bytes(tiles)
            cases.append(
                {
                    "label": label,
                    "profile": profile,
                    "precision": precision,
                    "picture": f"{number}.png",
                    "width": pixels.shape[1],
                    "height": pixels.shape[0],
                    "quality": quality,
                    "strength": strength,
                    "tiles": len(session.recorded.tiles),
                }
            )
    return cases


def _hard_pictures(folder: Path) -> None:
    """Two pictures of more contrast than a carrier can hold at the usual quality, the second of over a megapixel."""
    chance = np.random.default_rng(3)
    blocks = chance.choice([0, 255], (31, 41, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    Image.fromarray(blocks[:243, :317]).save(folder / "5.png")
    city = Image.open(PICTURES / "gb82_city.webp").convert("RGB").crop((0, 0, 576, 576)).resize((1203, 1001))
    Image.fromarray(np.where(np.asarray(city) > 128, 255, 0).astype(np.uint8)).save(folder / "6.png")


# Picture, profile, quality, strength. Beside the five pictures: contrast that is cut, and steps near one level.
CARRIERS = (
    *((number, "balanced", quality, strength) for number, (_, _, quality, strength) in enumerate(PARITY)),
    (5, "balanced", 80, 1.0),
    (6, "balanced", 84, 1.0),
    (0, "balanced", 93, 1.0),
    (2, "fidelity", 92, 1.0),
    (3, "perceptual", 95, 1.0),
)
# Of Annex K's tables instead of the model's, for which steps are fine whatever was learned.
FINE = ((3, "balanced", 98, 1.0), (2, "balanced", 96, 0.5), (5, "balanced", 97, 1.0))


def _carriers(folder: Path) -> list[dict]:
    """What models decide: coefficients, carrier, file. Encoder: libjpeg."""
    _hard_pictures(folder)
    return [_carrier(folder, index, *case) for index, case in enumerate(CARRIERS + FINE)]


def _carrier(folder: Path, index: int, picture: int, profile: str, quality: int, strength: float) -> dict:
    session = _session(profile, "int8")
    pixels = np.asarray(Image.open(folder / f"{picture}.png"))
    has_own_tables = index < len(CARRIERS)
    tables = np.stack(jpeg.quantization_tables(quality)).astype(np.uint8)
    if has_own_tables:
        tables = runtime.find_model(MODELS / profile).tuned_tables.tables(quality)
    coefficients = session.decide(pixels, tables, strength)
    carrier = make_carrier(coefficients, jpeg.quantization_tables)
    first = jpeg.carrier_pixels(coefficients, list(carrier.encoder_tables))
    planes = [np.ascontiguousarray(plane, "<i2").tobytes() for plane in coefficients.planes]
    (folder / f"{index}.coefficients").write_bytes(b"".join(planes))
    (folder / f"{index}.carrier").write_bytes(carrier.pixels.tobytes())
    encoded = runtime.encode_jpeg(carrier.pixels, carrier.quality)
    (folder / f"{index}.jpg").write_bytes(carrier.finish(encoded))
    plain, edited = (
        runtime.encode_jpeg(each, quality) for each in (pixels, session(pixels, quality, strength))
    )
    received = encoded if carrier.is_exact else edited
    method = "CARRIER" if carrier.is_exact else "EDIT"
    return {
        "number": index,
        "picture": f"{picture}.png",
        "profile": profile,
        "has_own_tables": has_own_tables,
        "width": carrier.width,
        "height": carrier.height,
        "quality": quality,
        "strength": strength,
        "encoder_quality": carrier.quality,
        "corrected_samples": int((first != carrier.pixels).sum()),
        "clipped_share": carrier.clipped_share,
        "wrong_share": carrier.wrong_share,
        "edit_reason": carrier.edit_reason,
        "method": method if len(received) < len(plain) else "PLAIN",
        "tables": carrier.tables.reshape(2, 64).tolist(),
        "bytes": len(encoded),
    }


def _write_photo(folder: Path) -> None:
    """A camera's JPEG file: stored on its side, with place, date and maker."""
    city = Image.open(PICTURES / "gb82_city.webp").convert("RGB").crop((100, 200, 356, 392))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769).update({0x9003: "2026:01:02 03:04:05", 0xA002: 256, 0xA003: 192})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 0.0), 3: "E", 4: (16.0, 22.0, 0.0)})
    city.save(folder / "camera.jpg", quality=98, subsampling=0, exif=exif)


if __name__ == "__main__":
    make_cases(Path(sys.argv[1]))
