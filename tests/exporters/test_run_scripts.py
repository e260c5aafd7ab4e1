"""The programs of export/ that use a file without this package: what they write is what this package writes."""

import ast
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "tests/pictures/gb82_city.webp"
PROGRAMS = {"litert": ("run_tflite.py", "tflite"), "onnxruntime": ("run_onnx.py", "onnx")}


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("backend", list(PROGRAMS))
def test_a_program_edits_as_the_runtime_does(backend: str, precision: str, tmp_path: Path) -> None:
    if backend == "onnxruntime":
        pytest.importorskip("onnxruntime", reason="needs the extra [export]")
    name, file_format = PROGRAMS[backend]
    # A size that is no multiple of 16.
    photo, target = tmp_path / "photo.png", tmp_path / "smaller.jpg"
    with Image.open(PHOTO) as picture:
        picture.convert("RGB").crop((100, 100, 235, 210)).save(photo)
    model = ROOT / f"savedmodels/balanced/{file_format}/{precision}.{file_format}"
    # From another folder, in a mode that leaves the checkout out of the path: the package is not at hand.
    command = [sys.executable, "-P", ROOT / "export" / name, model, photo, target, "60"]
    subprocess.run(list(map(str, command)), check=True, cwd=tmp_path, capture_output=True)
    pixels = np.asarray(Image.open(photo))
    expected = io.BytesIO()
    session = runtime.load("balanced", precision, threads=1, backend=backend)
    Image.fromarray(session(pixels, 60)).save(expected, "jpeg", quality=60, optimize=True)
    plain = io.BytesIO()
    Image.fromarray(pixels).save(plain, "jpeg", quality=60, optimize=True)
    written = target.read_bytes()
    assert len(written) < len(plain.getvalue())
    difference = np.abs(np.asarray(Image.open(target), int) - np.asarray(Image.open(expected), int))
    # Sums in another order at another number of threads: rare ties.
    assert (difference > 1).mean() < 0.001


@pytest.mark.parametrize("name", [name for name, _ in PROGRAMS.values()])
def test_a_program_is_short_and_needs_no_package(name: str) -> None:
    text = (ROOT / "export" / name).read_text()
    assert len(text.splitlines()) <= 30
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"sys", "numpy", "PIL", "ai_edge_litert", "onnxruntime"}


def test_one_tile_through_the_compiled_model(tmp_path: Path) -> None:
    """LiteRT 2's CompiledModel has no resizing in Kotlin: the file runs at the size that it was exported at."""
    from ai_edge_litert.compiled_model import CompiledModel

    file = ROOT / "savedmodels/balanced/tflite/int8.tflite"
    with Image.open(PHOTO) as picture:
        tile = np.asarray(picture.convert("RGB"))[128:384, 100:356]
    tables = [np.full(64, step, np.float32) for step in (16, 24)]
    values = {
        "image": tile,
        "luma_table": tables[0],
        "chroma_table": tables[1],
        "strength": np.ones(1, np.float32),
    }
    with CompiledModel.from_file(str(file)) as model:
        inputs = {name: model.create_input_buffer_by_name("edit", name) for name in values}
        for name, value in values.items():
            inputs[name].write(np.ascontiguousarray(value).ravel())
        output = model.create_output_buffer_by_name("edit", "output")
        model.run_by_name("edit", inputs, {"output": output})
        received = output.read(tile.size, np.uint8).reshape(tile.shape)
    session = runtime.load("balanced", "int8", threads=1)
    expected = session(tile, 75, tables=[table.reshape(8, 8).astype(int) for table in tables])
    assert (expected != tile).mean() > 0.1
    # The number of threads differs, and with it the order of sums: rare ties.
    difference = np.abs(received.astype(int) - expected)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.001
