"""The kernel in C against NumPy, against itself at other levels of instructions, and against damaged files."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from jpegpre_tf import jpeg, runtime
from jpegpre_tf._padded import padded_pixels
from jpegpre_tf.errors import ModelError
from jpegpre_tf.jpeg.tables import CHROMA_TABLE, LUMA_TABLE
from jpegpre_tf.runtime.inference import kernel_library
from jpegpre_tf.runtime.inference.kernel import Kernel
from jpegpre_tf.runtime.inference.kernel_library import kernel_levels

pytest.importorskip("onnx", reason="writes the networks that it tests with")
from tests.kernel.network import ORDER, Networks
from tests.kernel.onnx_file import onnx_bytes
from tests.kernel.reference import Reference

ROOT = Path(__file__).parent.parent.parent
ANNEX_K = np.stack([LUMA_TABLE, CHROMA_TABLE]).astype(int).reshape(2, 64)


def tables(percent: int) -> np.ndarray:
    return np.clip((ANNEX_K * percent + 50) // 100, 1, 255)


def drawn_features(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    # Blocks of every contrast: from nearly nothing to all features at their end.
    return (rng.uniform(0, 255, shape) * rng.uniform(0, 1, (*shape[:2], 1))).astype(np.uint8)


@pytest.mark.parametrize(
    ("largest", "spatial", "mixing"), [(63, 1, 1), (127, 1, 1), (63, 0, 2), (127, 1, 0)], ids=str
)
def test_gates_are_exactly_those_of_numpy(library, largest, spatial, mixing):
    networks = Networks(largest, largest, spatial, mixing)
    content = onnx_bytes(networks)
    rng = np.random.default_rng(0)
    given = [
        (n, drawn_features(rng, (5, 37, n.input.weights.shape[1]))) for n in (networks.luma, networks.chroma)
    ]
    wanted = [network.gates(features, *tables(50)) for network, features in given]
    checked = []
    for level in kernel_levels():
        if largest == 127 and level.endswith("7bit"):
            with pytest.raises(ModelError, match=f"level {level}"):
                Kernel(content, level=level)
            continue
        kernel = Kernel(content, level=level)
        for (_, features), gates in zip(given, wanted, strict=True):
            assert np.array_equal(kernel.gates(features, tables(50)), gates), level
        checked.append(level)
    assert checked
    # A test that both sides pass with nothing but zeros would show nothing.
    assert all(gates.std() > 10 for gates in wanted)


def test_gates_are_those_of_onnx_runtime(library, networks, content):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(3)
    features = [drawn_features(rng, (6, 20, channels)) for channels in (96, 288)]
    order = np.argsort(np.argsort([(k // 8 + k % 8) * 64 + k for k in range(64)]))
    logs = np.zeros(128)
    for half, table in enumerate(tables(50)):
        logs[half * 64 + order] = np.log(table) / 2 - 1
    outputs = session.run(
        None,
        {
            "tables": logs.reshape(1, 128, 1, 1).astype(np.float32),
            **{
                f"{name}_features": (f.astype(np.float32) * np.float32(2 / 255)).transpose(2, 0, 1)[None]
                for name, f in zip(("luma", "chroma"), features, strict=True)
            },
        },
    )
    kernel = Kernel(content)
    for given, output in zip(features, outputs, strict=True):
        there = np.rint(output[0].transpose(1, 2, 0) * 256)
        difference = np.abs(there - kernel.gates(given, tables(50)))
        # Its sums are the same; it rounds ties of products of two scales otherwise, by one code.
        assert difference.max() <= 8
        assert (difference > 1).mean() < 1e-3


@pytest.mark.parametrize(("percent", "strength"), [(50, 1.0), (200, 0.5), (10, 0.06)])
def test_pixels_are_those_of_numpy(library, networks, content, photo, percent, strength):
    image = photo[:149, :203]
    reference = Reference(networks, image, tables(percent), strength)
    kernel = Kernel(content)
    found, wanted = kernel.edit(image, tables(percent), strength), reference.edit()
    assert found.shape == wanted.shape
    difference = np.abs(found.astype(int) - wanted)
    # float32 against float64: a sample at a tie, or all of a block with a coefficient at one.
    assert (difference > 0).mean() < 0.005
    assert (difference > 1).mean() < 1e-3
    decided = kernel.decide(image, tables(percent), strength)
    for integers, wanted in zip(decided, reference.decide(), strict=True):
        shown = wanted[: integers.shape[0], : integers.shape[1]]
        assert integers.shape == (*shown.shape[:2], 8, 8)
        assert (integers.reshape(shown.shape)[..., ORDER] != shown).mean() < 1e-4
    target, encoder = tables(percent).reshape(2, 8, 8), tables(40).reshape(2, 8, 8)
    coefficients = jpeg.Coefficients(decided, tuple(target), 149, 203, "4:2:0")
    carrier = kernel.carrier(image, target, encoder, strength)
    assert np.array_equal(carrier, jpeg.carrier_pixels(coefficients, encoder))
    gray = np.ascontiguousarray(image[..., 1])
    (plane,) = kernel.decide(gray, target, strength)
    assert np.array_equal(plane, kernel.decide(np.repeat(gray[..., None], 3, 2), target, strength)[0])


def test_every_level_every_size_and_any_threads_give_the_same_samples(library, content, photo):
    levels = kernel_levels()
    kernels = [Kernel(content, threads=1 + i, level=level) for i, level in enumerate(levels)]
    rng = np.random.default_rng(7)
    for _ in range(60):
        height, width = rng.integers(1, 71, 2)
        top, left = rng.integers(0, 400, 2)
        image = photo[top : top + height, left : left + width]
        if rng.random() < 0.3:
            image = rng.integers(0, 256, image.shape).astype(np.uint8)
        target, encoder = (tables(int(rng.choice([5, 20, 50, 150, 400]))) for _ in range(2))
        edited = [kernel.edit(image, target) for kernel in kernels]
        carriers = [kernel.carrier(image, target, encoder) for kernel in kernels]
        assert edited[0].shape == image.shape
        assert carriers[0].shape == (-(-height // 16) * 16, -(-width // 16) * 16, 3)
        for results in (edited, carriers):
            assert all(np.array_equal(results[0], other) for other in results[1:]), (image.shape, levels)


def test_threads_do_not_matter(library, content, photo):
    one, three = Kernel(content, threads=1), Kernel(content, threads=3)
    assert np.array_equal(one.edit(photo, tables(50)), three.edit(photo, tables(50)))
    carriers = [kernel.carrier(photo, tables(50), tables(30)) for kernel in (one, three)]
    assert np.array_equal(*carriers)
    for first, second in zip(*(kernel.decide(photo, tables(50)) for kernel in (one, three)), strict=True):
        assert np.array_equal(first, second)


def test_what_surrounds_a_picture_is_its_edge(library, content, photo):
    image = photo[:53, :39]
    padded = np.pad(image, ((0, 11), (0, 9), (0, 0)), "edge")
    kernel = Kernel(content)
    assert np.array_equal(kernel.edit(image, tables(50)), kernel.edit(padded, tables(50))[:53, :39])
    # Blocks of Y that show nothing are not those of a picture that has them.
    carriers = [kernel.carrier(each, tables(50), tables(50))[:56, :40] for each in (image, padded)]
    assert np.array_equal(*carriers)


def test_strength_0_is_the_identity_and_a_fourth_channel_stays(library, content, photo):
    image = np.dstack([photo[:50, :70], np.arange(3500).reshape(50, 70) % 256]).astype(np.uint8)
    kernel = Kernel(content)
    assert np.array_equal(kernel.edit(image, tables(50), 0.0), image)
    edited = kernel.edit(image, tables(50))
    assert np.array_equal(edited[..., :3], kernel.edit(image[..., :3], tables(50)))
    assert np.array_equal(edited[..., 3], image[..., 3])
    assert not np.array_equal(edited, image)
    assert (kernel.carrier(image, tables(50), tables(50))[..., 3] == 255).all()


def test_pixels_of_three_and_of_four_bytes_are_the_same(library, content, photo):
    contiguous = np.ascontiguousarray(photo[:50, :70])
    padded = np.dstack([contiguous, contiguous[..., :1]])[..., :3]
    kernel = Kernel(content)
    edited = kernel.edit(contiguous, tables(50))
    carrier, cut = kernel.counted_carrier(contiguous, tables(50), tables(20))
    for image in (contiguous, padded):
        for asked in (False, True):
            result = kernel.edit(image, tables(50), padded=asked)
            assert np.array_equal(result, edited)
            assert (padded_pixels(result) is not None) == asked
            assert result.flags.c_contiguous != asked
            result, part = kernel.counted_carrier(image, tables(50), tables(20), padded=asked)
            assert np.array_equal(result, carrier)
            assert part == cut
            assert (padded_pixels(result) is not None) == asked


def test_damaged_and_other_files_are_refused(library, content):
    old = runtime.find_model("balanced").path / "onnx/int8.onnx"
    for broken, words in (
        (b"", "damaged"),
        (b"not a network", "damaged"),
        (content[: len(content) // 2], "damaged"),
        (onnx_bytes(Networks(1), metadata={}), "zero_span"),
        (onnx_bytes(Networks(1), metadata={"zero_span": "1.4", "one_span": "wide"}), "decimal"),
        (content.replace(b"Sigmoid", b"Softmax"), "one network for luma"),
    ):
        with pytest.raises(ModelError, match=words):
            Kernel(broken)
    if b"zero_span" not in old.read_bytes():
        with pytest.raises(ModelError, match="not an int8 network of this kind"):
            Kernel(old.read_bytes())
    with pytest.raises(ModelError, match="no such level"):
        Kernel(content, level="abacus")
    for size in range(0, len(content), 997):
        with pytest.raises(ModelError):
            Kernel(content[:size])


def test_tables_that_are_none_are_refused(library, content, photo):
    kernel = Kernel(content)
    for wrong in (np.zeros((2, 64)), np.full((2, 64), 256), np.ones((2, 63)), np.full((2, 64), 1.5)):
        with pytest.raises(ValueError, match="64 whole numbers"):
            kernel.edit(photo[:16, :16], wrong)


def test_sanitizers_find_nothing(builder, content, tmp_path):
    program = tmp_path / "fuzz"
    try:
        builder.build(program, options=builder.SANITIZERS, program=ROOT / "export/kernel/fuzz/fuzz.c")
    except builder.BuildError as error:
        pytest.skip(f"no sanitizers: {error}")
    network = tmp_path / "network.onnx"
    network.write_bytes(content)
    result = subprocess.run([program, network, "11", "60"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "levels" in result.stdout


@pytest.mark.parametrize(
    ("file", "level"), [("kernel.wasm", "simd128"), ("kernel-relaxed.wasm", "relaxed-simd")]
)
def test_webassembly_gives_the_same_samples(library, file, level, photo, tmp_path):
    # Weights of 7 bits, of which relaxed products have no place for the largest.
    networks = Networks(3, 64)
    weights = networks.luma.logits.weights
    assert ((weights == 64).any(axis=1) & (weights == -64).any(axis=1)).any()
    content = onnx_bytes(networks)
    built = ROOT / "export/kernel/wasm-dist" / file
    if not built.is_file() or not shutil.which("node"):
        pytest.skip("no WebAssembly: `npm run build:kernel` in export/web builds it")
    from tests.kernel.webassembly import run_jobs

    kernel = Kernel(content)
    jobs = [(photo[:70, :83], 50, None, 1.0), (photo, 30, 50, 0.7), (photo[:33], 200, 20, 1.0)]
    wanted, given = [], []
    for image, target, encoder, strength in jobs:
        image = np.ascontiguousarray(image)
        if encoder is None:
            wanted.append(kernel.edit(image, tables(target), strength))
        else:
            wanted.append(kernel.carrier(image, tables(target), tables(encoder), strength))
        given.append((image, tables(target), None if encoder is None else tables(encoder), strength))
    # A carrier by all its steps: decided, for the encoder's quality that is chosen, rendered.
    image = np.ascontiguousarray(photo[:150, :131])
    candidates = [tables(percent).reshape(2, 8, 8) for percent in (200, 80, 20)]
    decided = kernel.decide(image, tables(50))
    coefficients = jpeg.Coefficients(decided, tuple(tables(50).reshape(2, 8, 8)), 150, 131, "4:2:0")
    wanted.append(jpeg.carrier_pixels(coefficients, candidates[2]))
    given.append((image, tables(50), candidates, 1.0))
    used, results = run_jobs(built, content, given, tmp_path)
    assert used == level
    for found, native in zip(results, wanted, strict=True):
        assert np.array_equal(found, native)


def test_without_a_library_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("JPEGPRE_KERNEL", str(tmp_path / "none.so"))
    assert kernel_library.kernel_library() is None
    assert kernel_levels() == ()
    with pytest.raises(ModelError, match="not built"):
        Kernel(b"")
