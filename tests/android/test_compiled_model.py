"""LiteRT 2's own CompiledModel for Linux, asked what CompiledModelNetwork.kt asks Android's: the same native code.

The Kotlin class itself runs against a double (tests/android/test_android.py): its archive cannot be had here.
"""

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg, runtime
from tests.android.cases import PICTURES, TILE_SIDE

litert = pytest.importorskip("ai_edge_litert.compiled_model", reason="needs LiteRT 2")

TABLES = np.stack(jpeg.quantization_tables(60)).astype(np.float32).reshape(2, 64)


def _network(profile: str, precision: str):
    model = runtime.find_model(profile)
    path = model.path / model.precisions("tflite")[precision]
    options = litert.Options(
        hardware_accelerators=litert.HardwareAccelerator.CPU, cpu_options=litert.CpuOptions(num_threads=1)
    )
    return litert.CompiledModel.from_file(str(path), options=options), path.read_bytes()


def _run(compiled, signature: str, inputs: dict[str, np.ndarray], outputs: dict[str, type]):
    """The way of CompiledModelNetwork: one buffer for each name, flat arrays in and out."""
    given = {name: compiled.create_input_buffer_by_name(signature, name) for name in inputs}
    for name, values in inputs.items():
        given[name].write(values)
    taken = {name: compiled.create_output_buffer_by_name(signature, name) for name in outputs}
    compiled.run_by_name(signature, given, taken)
    details = compiled.get_output_tensor_details(signature)
    return {
        name: taken[name].read(int(np.prod(details[name]["shape"])), dtype) for name, dtype in outputs.items()
    }


@pytest.mark.parametrize(
    ("profile", "precision"),
    [("balanced", "int8"), ("balanced", "fp32"), ("fidelity", "int8"), ("perceptual", "int8")],
)
def test_it_answers_as_the_interpreter_does(profile: str, precision: str) -> None:
    compiled, content = _network(profile, precision)
    tile = np.asarray(Image.open(PICTURES / "gb82_city.webp").convert("RGB"))[:TILE_SIDE, :TILE_SIDE]
    inputs = {
        # Kotlin's class has signed bytes only, and writes them into the unsigned tensor.
        "image": tile.astype(np.float32).ravel() if precision == "fp32" else tile.view(np.int8).ravel(),
        "luma_table": TABLES[0],
        "chroma_table": TABLES[1],
        "strength": np.ones(1, np.float32),
    }
    index = compiled.get_signature_index("edit")
    image = compiled.get_signature_by_index(index)["inputs"].index("image")
    # From this CompiledModelNetwork finds the side of the tiles.
    assert compiled.get_input_buffer_requirements(image, index)["buffer_size"] == inputs["image"].nbytes

    edited = _run(compiled, "edit", inputs, {"output": inputs["image"].dtype.type})["output"]
    decided = _run(compiled, "decide", inputs, {"luma": np.float32, "chroma": np.float32})

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    shaped = {name: values.reshape(1, 1, 1, -1) for name, values in inputs.items()}
    shaped["image"] = tile[np.newaxis].astype(np.float32 if precision == "fp32" else np.uint8)
    expected = interpreter.get_signature_runner("edit")(**shaped)["output"].ravel()
    # Both by XNNPACK, float sums in the same order.
    assert edited.size == tile.size and (edited.view(expected.dtype) == expected).all()
    for name, values in interpreter.get_signature_runner("decide")(**shaped).items():
        assert (decided[name] == values.ravel()).all(), name
    assert (decided["luma"] != 0).any()


def test_another_signature_is_refused() -> None:
    compiled, _ = _network("balanced", "int8")
    with pytest.raises(RuntimeError):
        compiled.create_input_buffer_by_name("devide", "image")
