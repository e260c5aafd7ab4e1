"""The browser package and its page, in a real browser, against the Python runtime on the same pictures.

Runs the tests of export/web (vitest, and Debian's Chromium through playwright-core) with cases made here, so that what
they compare with comes from another implementation: tables, edited pixels, coefficients, scores. Then looks at the
files that the browser wrote, with exiftool and Pillow.
"""

import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf._version import __version__
from tests.web.cases import (
    MODELS,
    SETTINGS,
    WEB,
    list_scores,
    list_tables,
    profiles,
    write_encoded,
    write_parity_cases,
    write_photos_with_metadata,
)


def _missing() -> str | None:
    """Why these tests cannot run here, None if they can."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "needs Node.js and npm"
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        return f"needs Node.js 20, found {version.strip()}"
    if _chromium() is None:
        return "needs the system package chromium"
    if not profiles():
        return "no shipped model has an int8 ONNX form"
    return None


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


_FINE_QUALITY = 97
# Headers of Chromium's files and Pillow's differ by less.
_HEADER_BYTES = 100

needs_browser = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")


@pytest.fixture(scope="module")
def build() -> Iterator[Future[None]]:
    """Checking and building the package and its page, which goes on while the cases are made."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(_build)


def _build() -> None:
    if _is_stale():
        _npm("ci", "--no-audit", "--no-fund")
    _npm("run", "check")
    _npm("run", "build")


@pytest.fixture(scope="module")
def cases(build, tmp_path_factory) -> Path:
    """Folder with everything that the browser's results are compared with."""
    folder = tmp_path_factory.mktemp("cases")
    (folder / "tuned_tables.json").write_text(json.dumps(list_tables()))
    (folder / "scores.json").write_text(json.dumps(list_scores()))
    (folder / "parity.json").write_text(json.dumps(write_parity_cases(folder)))
    write_photos_with_metadata(folder)
    write_encoded(folder)
    found = jpeg.read_coefficients((folder / "whole-optimized.jpg").read_bytes())
    (folder / "coefficients.json").write_text(json.dumps([plane.ravel().tolist() for plane in found.planes]))
    return folder


@pytest.fixture(scope="module")
def browser_run(build, cases) -> Path:
    """The cases' folder after the browser tests ran."""
    build.result()
    output = _npm("test", env={"JPEGPRE_CASES": str(cases), "CHROMIUM": str(_chromium())})
    print(output)  # the measured times and sizes; pytest shows it with -s
    return cases


def _is_stale() -> bool:
    installed = WEB / "node_modules" / ".package-lock.json"
    return not installed.exists() or installed.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime


def _npm(*arguments: str, env: dict[str, str] | None = None) -> str:
    variables = {**os.environ, **(env or {}), "NO_COLOR": "1", "CI": "1"}
    done = subprocess.run(
        ["npm", *arguments], cwd=WEB, env=variables, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@needs_browser
def test_the_package_and_the_page_in_a_real_browser(browser_run):
    """The run itself: any failing test of export/web fails the fixture. Nothing may have been left out."""
    results = json.loads((browser_run / "results.json").read_text())
    assert results["numFailedTests"] == 0
    assert results["numPassedTests"] == results["numTotalTests"] > 40


@needs_browser
def test_files_hold_what_the_python_session_decides(browser_run):
    """Chromium's files, which Pillow opens, against carriers through Pillow: the same coefficients and bytes."""
    compared = 0
    cases, paths = (json.loads((browser_run / f"{name}.json").read_text()) for name in ("parity", "paths"))
    for case, path in zip(cases, paths, strict=True):
        session = runtime.load(MODELS / case["profile"], precision="int8", backend="auto")
        pixels = np.asarray(Image.open(browser_run / case["picture"]))
        carrier = session.carrier(pixels, case["quality"], case["strength"])
        if (
            path != "edit" and carrier.quality >= _FINE_QUALITY
        ):  # Python's second pass, which the browser has not
            decided = session.decide(pixels, carrier.tables, case["strength"])
            first = jpeg.carrier_pixels(decided, list(carrier.encoder_tables))
            carrier = dataclasses.replace(carrier, pixels=first)
        own = carrier.finish(runtime.encode_jpeg(carrier.pixels, carrier.quality))
        if path == "edit":  # Python also corrects carriers of the finest steps, which the browser does not
            assert carrier.quality >= _FINE_QUALITY or not carrier.is_exact, case
            continue
        if not (browser_run / case["file"]).exists():  # the browser kept the plain file
            assert len(own) > len(runtime.encode_jpeg(pixels, case["quality"])) - _HEADER_BYTES, case
            continue
        written = (browser_run / case["file"]).read_bytes()
        theirs, ours = jpeg.read_coefficients(written), jpeg.read_coefficients(own)
        assert all(np.array_equal(a, b) for a, b in zip(theirs.tables, carrier.tables, strict=True)), case
        planes = list(zip(theirs.planes, ours.planes, strict=True))
        differing = sum(int((a != b).sum()) for a, b in planes)
        # The kernel's numbers are the browser's. LiteRT's may fall on the other side of a tie: a few in a picture.
        most = 0 if session.backend == "kernel" else 5e-5
        assert differing <= most * sum(a.size for a, _ in planes), case
        with Image.open(io.BytesIO(written)) as picture:
            assert picture.size == (pixels.shape[1], pixels.shape[0])
            decoded = np.asarray(picture.convert("RGB"), np.float64)
        expected = np.asarray(Image.open(io.BytesIO(own)).convert("RGB"), np.float64)
        assert np.mean(np.abs(decoded - expected)) < 0.01, case
        if session.backend == "kernel":
            assert written[written.index(b"\xff\xda") :] == own[own.index(b"\xff\xda") :], case
        compared += 1
    assert compared >= len(SETTINGS)


@needs_browser
def test_orientation_is_kept_as_upright_pixels(browser_run):
    stored = Image.open(browser_run / "camera.jpg").convert("RGB")
    upright = np.asarray(stored.transpose(Image.Transpose.ROTATE_270), np.float64)
    for name in ("camera-kept.jpg", "camera-bare.jpg", "png-kept.jpg"):
        written = np.asarray(Image.open(browser_run / name).convert("RGB"), np.float64)
        assert written.shape == upright.shape == (256, 192, 3)
        # Quality 75 on a detailed picture; a picture turned otherwise is at about 10 dB.
        assert 10 * np.log10(255**2 / np.mean((written - upright) ** 2)) > 25, name


@needs_browser
@pytest.mark.codec
def test_metadata_is_kept_on_request_and_gone_otherwise(browser_run):
    exiftool = shutil.which("exiftool")
    if exiftool is None:
        pytest.skip("needs exiftool")

    def tags(name: str) -> dict:
        done = subprocess.run(
            [exiftool, "-j", "-n", "-G1", browser_run / name], capture_output=True, text=True, check=True
        )
        (found,) = json.loads(done.stdout)
        assert "ExifTool:Warning" not in found, found
        return found

    kept = tags("camera-kept.jpg")
    expected = {
        "IFD0:Orientation": 1,
        "IFD0:Make": "Maker",
        "ExifIFD:DateTimeOriginal": "2026:01:02 03:04:05",
        "ExifIFD:ExifImageWidth": 192,
        "ExifIFD:ExifImageHeight": 256,
        "Composite:GPSLatitude": 48.2,
        "XMP-tiff:Orientation": 1,
        "XMP-dc:Source": "here",
        "File:Comment": "a comment",
    }
    assert {name: kept.get(name) for name in expected} == expected
    assert tags("png-kept.jpg").get("Composite:GPSLatitude") == 48.2
    bare_groups = {"IFD0", "ExifIFD", "GPS", "XMP-tiff", "XMP-dc", "IFD1"}
    assert not {name for name in tags("camera-bare.jpg") if name.split(":")[0] in bare_groups}
    assert "File:Comment" not in tags("camera-bare.jpg")
    # The input was smaller and was handed back: without its metadata, but still the right way up, pixels untouched.
    returned = tags("small-returned.jpg")
    assert {name for name in returned if name.split(":")[0] in bare_groups} == {"IFD0:Orientation"}
    assert returned["IFD0:Orientation"] == 6
    assert "File:Comment" not in returned
    given, back = (Image.open(browser_run / name) for name in ("small.jpg", "small-returned.jpg"))
    assert np.array_equal(np.asarray(given), np.asarray(back))
    assert (browser_run / "small-kept.jpg").read_bytes() == (browser_run / "small.jpg").read_bytes()


def test_versions_agree():
    package = json.loads((WEB / "package.json").read_text())
    assert package["version"] == re.sub(r"\.dev\d*$", "", __version__)
    assert json.loads((WEB / "package-lock.json").read_text())["version"] == package["version"]


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (WEB / "package-lock.json").read_text()


@pytest.fixture(scope="module")
def installed(build, tmp_path_factory) -> Path:
    """Folder of a wheel with the page as it was built, unpacked as an installer would."""
    build.result()
    source, folder = tmp_path_factory.mktemp("source") / "source", tmp_path_factory.mktemp("installed")
    skipped = shutil.ignore_patterns(".*", "tests", "docs", "node_modules", "dist", "target", "__pycache__")
    shutil.copytree(WEB.parents[1], source, ignore=skipped)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@needs_browser
def test_the_page_inside_the_wheel_works_in_a_real_browser(installed):
    built = {path.relative_to(WEB / "demo-dist"): path for path in (WEB / "demo-dist").rglob("*.*")}
    held = installed / "jpegpre_tf" / "demo_page"
    assert built and all((held / name).read_bytes() == path.read_bytes() for name, path in built.items())
    command = [sys.executable, "-m", "jpegpre_tf", "demo", "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(installed), "CHROMIUM": str(_chromium())}
    server = subprocess.Popen(command, cwd=installed, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        command = ["node", "tests/others/served.mjs", url]
        done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True)
    finally:
        server.kill()
        server.communicate()
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    assert shown["isIsolated"] and shown["problems"] == []
    assert re.match(r"city\.webp\s+576 . 576, quality 75", shown["cells"][0])
    assert re.fullmatch(r"\d+ kB → \d+\.\d kB", shown["cells"][1])
