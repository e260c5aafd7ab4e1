"""The Kotlin library and its sample, on the JVM, against the Python runtime on the same pictures.

Runs Maven in export/android (Kotlin sources compiled against Android's classes; Robolectric's Bitmap and JPEG encoder;
TensorFlow Lite) with cases made here, so that what its tests compare with comes from another implementation. Then looks
at the files that Android's encoder wrote, with Pillow.
"""

import json
import os
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf._version import __version__

ROOT = Path(__file__).parent.parent.parent
ANDROID = ROOT / "export" / "android"


def _missing() -> str | None:
    """Why these tests cannot run here, None if they can."""
    if shutil.which("javac") is None or shutil.which("mvn") is None:
        return "needs a Java 17 development kit and Maven"
    version = subprocess.run(["javac", "-version"], capture_output=True, text=True).stdout
    if not re.match(r"javac (1[7-9]|2\d)\b", version):
        return f"needs Java 17, found {version.strip()}"
    if os.uname().sysname != "Linux" or os.uname().machine != "x86_64":
        return "needs Linux on x86-64, for which there is TensorFlow Lite in Maven's repositories"
    return None


def unreached(log: str) -> str | None:
    """What Maven could not fetch because no repository answered; None where one did, be it that it has it not."""
    found = re.search(
        r"Could not transfer artifact (\S+) from/to [^\n]*"
        r"(?:Unknown host|Connect(?:ion|) |Network is unreachable|timed out|Name or service not known)"
        r"|Cannot access \S+ [^\n]*in offline mode and the artifact (\S+)",
        log,
    )
    return found and (found[1] or found[2])


needs_java = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")


@pytest.fixture(scope="module")
def jvm_run(tmp_path_factory) -> Path:
    """The cases' folder after the Kotlin tests ran."""
    folder = tmp_path_factory.mktemp("cases")
    specification = spec_from_file_location("cases", Path(__file__).parent / "cases.py")
    cases = module_from_spec(specification)
    specification.loader.exec_module(cases)
    cases.make_cases(folder)
    # What was removed from the sources must not be tested on.
    for name in ("classes", "test-classes", "surefire-reports"):
        shutil.rmtree(ANDROID / "target" / name, ignore_errors=True)
    done = subprocess.run(
        ["mvn", "--batch-mode", "--no-transfer-progress", "test"],
        cwd=ANDROID,
        env={**os.environ, "JPEGPRE_CASES": str(folder)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    if missing := unreached(done.stdout):
        pytest.skip(f"not in Maven's cache, and its repositories are not reached: {missing}")
    assert done.returncode == 0, f"mvn test:\n{done.stdout[-12000:]}\n{done.stderr[-4000:]}"
    print(*re.findall(r"^(?:parity|memory) .*", done.stdout, re.MULTILINE), sep="\n")  # shown with -s
    return folder


@needs_java
def test_the_library_and_the_sample_on_the_jvm(jvm_run):
    """The run itself: any failing test of export/android fails the fixture. Nothing may have been left out."""
    suites = [ET.parse(path).getroot() for path in (ANDROID / "target" / "surefire-reports").glob("*.xml")]
    counts = {
        key: sum(int(suite.get(key)) for suite in suites)
        for key in ("tests", "failures", "errors", "skipped")
    }
    assert counts["tests"] > 40
    assert counts["failures"] == counts["errors"] == 0
    # The one about memory, where Linux's account of it may not be reset.
    assert counts["skipped"] <= 1


@needs_java
def test_androids_encoder_writes_what_the_models_are_made_for(jvm_run):
    """4:2:0 at every quality, 100 among them, and tables that are libjpeg's of that quality."""
    for quality in (75, 100):
        image = Image.open(jvm_run / "out" / f"quality-{quality}.jpg")
        assert [component[1:3] for component in image.layer] == [(2, 2), (1, 1), (1, 1)]
        picture = Image.new("RGB", (16, 16))
        picture.save(jvm_run / "tables.jpg", quality=quality)
        assert image.quantization == Image.open(jvm_run / "tables.jpg").quantization


@needs_java
def test_files_of_the_same_carriers_decode_to_the_same_samples(jvm_run):
    """Android's encoder and the library's finished header against Pillow's and Python's, on Python's carriers."""
    cases = json.loads((jvm_run / "carriers.json").read_text())
    # The second pass over pixels took part.
    assert len(cases) == 13 and sum(case["corrected_samples"] > 0 for case in cases) > 2
    for case in cases:
        ours, theirs = (
            jvm_run / name for name in (f"out/finished-{case['number']}.jpg", f"{case['number']}.jpg")
        )
        assert (_decoded(ours) == _decoded(theirs)).all(), case
        image = Image.open(ours)
        assert image.size == (case["width"], case["height"])
        # Android adds its sRGB profile; 50 bytes are for differences in the headers.
        profile = len(image.info.get("icc_profile", b"")) + 18
        assert abs(ours.stat().st_size - profile - theirs.stat().st_size) <= 50


@needs_java
def test_files_compressed_on_the_jvm_hold_what_python_decides(jvm_run):
    """The Kotlin test holds its methods against Python's: carrier, edit, plain file."""
    cases = [case for case in json.loads((jvm_run / "carriers.json").read_text()) if case["has_own_tables"]]
    carried = [case for case in cases if case["method"] == "CARRIER"]
    assert len(carried) >= 5
    for case in carried:
        ours, theirs = (
            jpeg.read_coefficients((jvm_run / name).read_bytes())
            for name in (f"out/compressed-{case['number']}.jpg", f"{case['number']}.jpg")
        )
        assert [table.tolist() for table in ours.tables] == [table.tolist() for table in theirs.tables]
        pairs = list(zip(ours.planes, theirs.planes, strict=True))
        equal = sum((a == b).sum() for a, b in pairs) / sum(a.size for a, _ in pairs)
        print(f"parity coefficients {case['number']}: equal {equal:.6f}")
        # Another LiteRT than Python's may decide a tie otherwise.
        assert equal > 0.9999, case


def _decoded(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


@needs_java
def test_the_sample_keeps_exif(jvm_run):
    before, after = (Image.open(jvm_run / name) for name in ("camera.jpg", "out/camera-compressed.jpg"))
    assert after.size == before.size
    for group in (None, 0x8769, 0x8825):
        expected, received = (
            dict(image.getexif() if group is None else image.getexif().get_ifd(group))
            for image in (before, after)
        )
        # Sizes and places of the file itself may be other ones.
        own = {0x8769, 0x8825, 0xA002, 0xA003, 0xA005}
        for tag in expected.keys() - own:
            assert received[tag] == expected[tag], hex(tag)


def test_only_a_missing_network_is_a_reason_to_skip():
    failed = "[ERROR] Failed to execute goal on project android-jvm-tests: "
    for log, artifact in (
        (
            "Could not transfer artifact junit:junit:jar:4.13.2 from/to central (https://repo/maven2): repo: "
            "Unknown host repo: Name or service not known",
            "junit:junit:jar:4.13.2",
        ),
        (
            "Could not transfer artifact junit:junit:jar:4.13.2 from/to central (https://repo/maven2): "
            "Connect to repo:443 failed: Connection refused",
            "junit:junit:jar:4.13.2",
        ),
        (
            "Cannot access central (https://repo/maven2) in offline mode and the artifact junit:junit:jar:4.13.2 has "
            "not been downloaded from it before.",
            "junit:junit:jar:4.13.2",
        ),
        ("Could not find artifact junit:junit:jar:9 in central (https://repo/maven2)", None),
        ("Could not transfer artifact junit:junit:jar:9 from/to central: status code: 403, Forbidden", None),
        ("Tests run: 62, Failures: 1", None),
    ):
        assert unreached(failed + log) == artifact, log


def test_versions_agree():
    """What is tested with Maven is what Gradle builds, but for LiteRT 2, which the README tells."""
    catalogue = tomllib.loads((ANDROID / "gradle" / "libs.versions.toml").read_text())["versions"]
    pom = (ANDROID / "pom.xml").read_text()
    for name, theirs in (
        ("kotlin", "kotlin"),
        ("coroutines", "coroutines"),
        ("exifinterface", "exifinterface"),
        ("core", "core"),
        ("tflite", "tflite"),
        ("robolectric", "robolectric"),
        ("native-tflite", "native.tflite"),
        ("javacpp", "javacpp"),
        ("jna", "jna"),
    ):
        assert f"<{theirs}.version>{catalogue[name]}</{theirs}.version>" in pom, name
    version = re.sub(r"\.dev\d*$", "", __version__)
    assert f"<version>{version}</version>" in pom.split("<properties>")[0]
    assert f'version = "{version}"' in (ANDROID / "library" / "build.gradle.kts").read_text()
    assert f'versionName = "{version}"' in (ANDROID / "sample" / "build.gradle.kts").read_text()


def test_error_codes_are_in_the_readme():
    source = (ANDROID / "library/src/main/kotlin/jpegpre/android/ErrorCode.kt").read_text()
    codes = re.findall(r"^    ([A-Z_]+),$", source, re.MULTILINE)
    assert len(codes) == 8
    readme = (ANDROID / "README.md").read_text()
    assert [code for code in codes if f"`{code}`" not in readme] == []
