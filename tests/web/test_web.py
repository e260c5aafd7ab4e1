"""The browser package and its page, in a real browser, against the Python runtime on the same pictures.

Runs the tests of export/web (vitest, and Debian's Chromium through playwright-core) with cases made here, so that what
they compare with comes from another implementation: tables, edited pixels, coefficients, scores. Then looks at the
files that the browser wrote, with exiftool and Pillow.
"""

import base64
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jpegpre_tf import jpeg, runtime
from jpegpre_tf._version import __version__
from jpegpre_tf.jpeg.tuned_tables import TunedTables

ROOT = Path(__file__).parent.parent.parent
WEB = ROOT / "export" / "web"
PICTURES = ROOT / "tests" / "pictures"
MODELS = Path(os.environ.get("JPEGPRE_MODELS", ROOT / "savedmodels"))


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
    if not _profiles():
        return "no shipped model has an int8 ONNX form"
    return None


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


def _profiles() -> list[runtime.ModelFolder]:
    folders = [
        runtime.find_model(path.parent) for path in sorted(MODELS.glob("*/model.json")) if _has_onnx(path)
    ]
    return [folder for folder in folders if "int8" in folder.precisions("onnx")]


def _has_onnx(card: Path) -> bool:
    description = json.loads(card.read_text())
    return "tile" in description and any(f.get("format") == "onnx" for f in description["files"].values())


# Quality and strength of each picture of `_parity`.
_SETTINGS = ((75, 1.0), (30, 1.0), (50, 1.0), (90, 1.0), (75, 0.5), (12, 1.0))
_FINE_QUALITY = 98
# Headers of Chromium's files and Pillow's differ by less.
_HEADER_BYTES = 100

needs_browser = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Path:
    """Folder with everything that the browser's results are compared with."""
    folder = tmp_path_factory.mktemp("cases")
    (folder / "tuned_tables.json").write_text(json.dumps(_tuned_tables()))
    (folder / "scores.json").write_text(json.dumps(_scores()))
    (folder / "parity.json").write_text(json.dumps(_parity(folder)))
    _write_photos_with_metadata(folder)
    _write_encoded(folder)
    found = jpeg.read_coefficients((folder / "whole-optimized.jpg").read_bytes())
    (folder / "coefficients.json").write_text(json.dumps([plane.ravel().tolist() for plane in found.planes]))
    return folder


@pytest.fixture(scope="module")
def browser_run(cases) -> Path:
    """The cases' folder after the browser tests ran."""
    _npm("ci", "--no-audit", "--no-fund") if _is_stale() else None
    _npm("run", "check")
    _npm("run", "build")
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


def _tuned_tables() -> list[dict]:
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
        for profile in _profiles()
    ]


def _scores() -> list[dict]:
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


def _parity(folder: Path) -> list[dict]:
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
    for profile in _profiles():
        session = runtime.load(profile.path, precision="int8")
        for (name, pixels), (quality, strength) in zip(pictures, _SETTINGS, strict=True):
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


def _write_photos_with_metadata(folder: Path) -> None:
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


def _write_encoded(folder: Path) -> None:
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
    assert compared >= len(_SETTINGS)


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
