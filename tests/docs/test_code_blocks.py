"""Python in docs/ runs as it stands there, with what its page takes for granted."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = Path(__file__).parents[1] / "pictures"
# Less of the same: one step of small crops, not compiled.
SHORTENED = {
    "jit_compile=True": "run_eagerly=True",
    "batch_size=8, crop_size=256": "batch_size=1, crop_size=64",
    "steps_per_epoch=250": "steps_per_epoch=1",
    "epochs=10": "epochs=1",
    '"ssim"': '"psnr_y"',
}
# The first needs an object store, the second a minute: tests/cluster/ and tests/training/neural/ run what they show.
NOT_RUN = {"scale.md 0", "neural.md 1"}
NEEDS_TENSORFLOW = {"apps.md 1", "neural.md 0", "neural.md 2", "training.md 0"}


def python_blocks() -> dict[str, str]:
    """The blocks of all pages, by page and number."""
    found = {}
    for page in sorted(DOCS.glob("*.md")):
        blocks = re.findall(
            r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
        found |= {f"{page.name} {number}": block for number, block in enumerate(blocks)}
    return found


def encode(image: npt.NDArray[np.uint8], quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return file.getvalue()


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Names that blocks use without making them; their files are in the working folder."""
    monkeypatch.chdir(tmp_path)
    with Image.open(PICTURES / "gb82_girl.webp") as picture:
        small = picture.convert("RGB").crop((200, 150, 296, 246))
    for name in ("photos", "held-back"):
        Path(name).mkdir()
        small.save(f"{name}/one.png")
    small.save("photo.png")
    small.save("upload", "PNG")
    pixels = np.asarray(small)
    images = pixels[np.newaxis, :64, :64].astype(np.float32)
    return {
        "pixels": pixels,
        "images": images,
        "quality": np.array([60.0]),
        "encode": encode,
    }


@pytest.mark.parametrize("name", sorted(python_blocks().keys() - NOT_RUN))
def test_a_block_runs(name: str, given: dict[str, Any]) -> None:
    if name in NEEDS_TENSORFLOW:
        pytest.importorskip("tensorflow", reason="needs the extra [train]")
    block = python_blocks()[name]
    for long, short in SHORTENED.items():
        block = block.replace(long, short)
    if name == "neural.md 2":
        jpegpre_tf = pytest.importorskip("jpegpre_tf")
        given |= {
            "preprocessor": jpegpre_tf.Preprocessor(channels=4),
            "simulator": jpegpre_tf.NeuralSimulator(channels=4),
            "rate": jpegpre_tf.NeuralRateEstimator(channels=4),
        }
    exec(compile(block, name, "exec"), given)  # the project's own text
    if name == "training.md 0":
        assert Path("run/model.keras").is_file()
        from jpegpre_tf.jpeg.tuned_tables import TunedTables

        before, after = given["tables"], TunedTables.read("run/tables.json").lift_limit()
        assert after.node_qualities == before.node_qualities
        changes = after.log_factors - before.log_factors
        # Learned, from the profile's own: a step of Adam at 1e-4 changes factors by that, but for the kept scale.
        changes -= np.median(changes, axis=(1, 2, 3), keepdims=True)
        assert 1e-5 < np.abs(changes).max() < 1e-3
