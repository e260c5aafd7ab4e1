import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
PHOTO = ROOT / "tests/pictures/gb82_city.webp"


def _builder():
    spec = importlib.util.spec_from_file_location("kernel_build", ROOT / "export/kernel/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def builder():
    module = _builder()
    try:
        module.find_compiler()
    except module.BuildError as error:
        pytest.skip(str(error))
    return module


@pytest.fixture(scope="session")
def library(builder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("kernel") / f"kernel{builder.SUFFIX}"
    builder.build(path)
    return path


@pytest.fixture(autouse=True)
def built(request, monkeypatch) -> None:
    """Every test here takes the library of these sources, not one that was installed earlier."""
    if "library" in request.fixturenames:
        monkeypatch.setenv("JPEGPRE_KERNEL", str(request.getfixturevalue("library")))
        monkeypatch.delenv("JPEGPRE_KERNEL_LEVEL", raising=False)


@pytest.fixture(scope="session")
def networks():
    pytest.importorskip("onnx", reason="writes the networks that it tests with")
    from tests.kernel.network import Networks

    return Networks(1)


@pytest.fixture(scope="session")
def content(networks) -> bytes:
    from tests.kernel.onnx_file import onnx_bytes

    return onnx_bytes(networks)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    return np.asarray(Image.open(PHOTO).convert("RGB"))
