"""Makes what the Kotlin tests of export/android compare with, from the Python runtime.

python tests/android/cases.py FOLDER, then: JPEGPRE_CASES=FOLDER mvn test (or gradle test) in export/android.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.runtime.inference.litert_tiles import LiteRTTiles
from jpegpre_tf.runtime.inference.session import Session
from jpegpre_tf.runtime.inference.tiling import plan_tiles

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "tests" / "pictures"
# The library still carries models of version 4.
MODELS = ROOT / "export" / "models"

# Small, so that pictures of a few hundred pixels have many tiles.
TILE_PIXELS = 1 << 14
# Five odd sizes: wide, tall, narrower than a block, one tile, many tiles.
PARITY = (
    ("gb82_city", (3, 5, 580, 406), 75, 1.0),
    ("gb82_girl", (10, 0, 211, 389), 30, 1.0),
    ("budgie_perched_osprey", (300, 100, 309, 433), 90, 1.0),
    ("budgie_perched_osprey", (200, 150, 301, 203), 50, 0.5),
    ("gb82_city", (0, 100, 447, 413), 12, 1.0),
)


class _Recorded(LiteRTTiles):
    """Keeps every tile that goes in and comes out."""

    def __init__(self, content: bytes, threads: int) -> None:
        super().__init__(content, threads)
        self.tiles: list[tuple[bytes, bytes]] = []

    def edit(self, conditions):
        result = super().edit(conditions)
        self.tiles.append((self._buffer.tobytes(), result.tobytes()))
        return result


class _RecordedSession(Session):
    def _make_tiles(self):
        self.recorded = _Recorded(self._content, self._threads)
        return self.recorded


def make_cases(folder: Path) -> None:
    """Writes all cases into an empty folder."""
    (folder / "tile_plans.json").write_text(json.dumps(_tile_plans()))
    (folder / "parity.json").write_text(json.dumps(_parity(folder)))
    _write_photo(folder)


def _tile_plans() -> list[dict]:
    random = np.random.default_rng(9)
    sizes = [(1, 1), (3000, 4000), (24, 20000), (65500, 16), (512, 512), (513, 511), (65535, 65535)]
    sizes += [tuple(int(side) for side in random.integers(1, 9000, 2)) for _ in range(150)]
    plans = []
    for height, width in sizes:
        options = {
            "max_pixels": int(random.choice([1, 1 << 14, 1 << 18, 1 << 19])),
            "alignment": 16,
            "overlap": int(random.choice([0, 16, 20, 48])),
        }
        plan = plan_tiles(height, width, **options)
        spans = {
            axis: [[span.start, span.keep_from, span.keep_to] for span in getattr(plan, axis)]
            for axis in ("rows", "columns")
        }
        expected = {"tile_height": plan.tile_height, "tile_width": plan.tile_width, **spans}
        plans.append({"height": height, "width": width, **options, **expected})
    return plans


def _parity(folder: Path) -> list[dict]:
    """Five pictures with what the Python runtime makes of them and of each of their tiles."""
    cases = []
    for profile in ("balanced", "fidelity", "perceptual"):
        model = runtime.find_model(MODELS / profile)
        for precision in ("int8", "fp32") if profile == "balanced" else ("int8",):
            session = _RecordedSession(
                model.read_model(precision),
                alignment=model.tile_alignment,
                overlap=model.tile_overlap,
                tile_pixels=TILE_PIXELS,
            )
            for number, (name, box, quality, strength) in enumerate(PARITY):
                picture = Image.open(PICTURES / f"{name}.webp").convert("RGB").crop(box)
                picture.save(folder / f"{number}.png")
                pixels = np.asarray(picture)
                session.recorded.tiles.clear()
                edited = session(pixels, quality, strength)
                label = f"{profile}-{precision}-{number}"
                (folder / f"{label}.rgb").write_bytes(edited.tobytes())
                if precision == "int8":
                    tiles = b"".join(part for tile in session.recorded.tiles for part in tile)
                    (folder / f"{label}.tiles").write_bytes(tiles)
                plain, ours = (len(runtime.encode_jpeg(image, quality)) for image in (pixels, edited))
                cases.append(
                    {
                        "label": label,
                        "profile": profile,
                        "precision": precision,
                        "picture": f"{number}.png",
                        "width": picture.width,
                        "height": picture.height,
                        "quality": quality,
                        "strength": strength,
                        "tile_pixels": TILE_PIXELS,
                        "tiles": len(session.recorded.tiles),
                        "plain_bytes": plain,
                        "edited_bytes": ours,
                    }
                )
    return cases


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
