"""Writes what was measured into export/android/README.md: what an app grows by, edited samples, memory, ARM.

    python -m pytest tests/android
    python tools/check/arm_check.py WORK_FOLDER          # ten minutes, most of them downloads
    python tools/docs/android_tables.py WORK_FOLDER

Takes what the first command left in export/android/target and what the second one left in WORK_FOLDER.
"""

import argparse
import io
import json
import re
import sys
import zipfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANDROID = ROOT / "export" / "android"
TARGET = ANDROID / "target"
README = ANDROID / "README.md"
MODELS = ROOT / "savedmodels"
PROFILES = ("balanced", "fidelity", "perceptual")
ARM_TABLE = "table.md"

Sizes = tuple[int, int]


def sizes_of(contents: list[bytes]) -> Sizes:
    """Bytes of files, and of the same compressed as in a package."""
    return sum(map(len, contents)), sum(len(zlib.compress(content, 9)) for content in contents)


def version_of(profile: str) -> str:
    return str(json.loads((MODELS / profile / "model.json").read_text(encoding="utf-8"))["version"])


def model_sizes(profile: str) -> Sizes:
    """What the build copies of a profile unless told otherwise."""
    folder = MODELS / profile
    return sizes_of(
        [(folder / name).read_bytes() for name in ("tflite/int8.tflite", "tables.json", "model.json")]
    )


def size(target: Path, arm: Path) -> str:
    """What an app grows by."""
    classes = sizes_of(
        [path.read_bytes() for path in sorted((target / "classes" / "jpegpre" / "android").rglob("*.class"))]
    )
    archive = zipfile.ZipFile(io.BytesIO((target / "archives" / "tensorflow-lite.aar").read_bytes()))
    library = sizes_of([archive.read("jni/arm64-v8a/libtensorflowlite_jni.so")])
    (interpreter,) = re.findall(
        r'^tflite = "(.*)"', (ANDROID / "gradle/libs.versions.toml").read_text(), re.MULTILINE
    )
    models = {profile: model_sizes(profile) for profile in PROFILES}
    rows = {
        f"`{profile}` {version_of(profile)}, int8, with its tables": found
        for profile, found in models.items()
    }
    rows["this library's classes, before R8"] = classes
    rows[f"TensorFlow Lite {interpreter} for arm64"] = library
    site = arm / "root" / "site"
    (litert,) = site.glob("ai_edge_litert-*.dist-info")
    version = litert.name.split("-")[1].removesuffix(".dist")
    label = f"LiteRT {version} for ARM Linux, whose Android archive was not reached"
    rows[label] = sizes_of([(site / "ai_edge_litert" / "libLiteRt.so").read_bytes()])
    lines = ["| in the app | bytes | compressed |", "| --- | ---: | ---: |"]
    lines += [f"| {label} | {whole:,} | {packed:,} |" for label, (whole, packed) in rows.items()]
    own = models["balanced"][1] + classes[1]
    whole_download = (own + library[1]) / 1e6
    lines += [
        "",
        "With an app bundle a phone gets the library of its own processor only. With",
        "`-Pjpegpre.profiles=balanced` an app's download grows by about "
        f"{whole_download:.1f} MB with TensorFlow Lite,",
        f"by {own / 1e6:.1f} MB where it has one of the two already.",
    ]
    return "\n".join(lines)


def printed(target: Path, test: str) -> str:
    """What a Kotlin test printed."""
    report = target / "surefire-reports" / f"TEST-jpegpre.android.{test}.xml"
    if not report.is_file():
        raise SystemExit(f"{report} is missing: run `python -m pytest tests/android` first")
    return report.read_text(encoding="utf-8")


def samples(target: Path) -> str:
    """Edited samples against Python's."""
    found = re.findall(
        r"parity (\w+)-(\w+)-\d+ by ([\w ]+): equal ([\d.]+), within", printed(target, "ParityTest")
    )
    least: dict[tuple[str, str, str], float] = {}
    for profile, precision, network, share in found:
        key = profile, precision, network
        least[key] = min(least.get(key, 1.0), float(share))
    lines = ["| edited samples of five pictures, the worst | equal |", "| --- | ---: |"]
    for (profile, precision, network), share in sorted(least.items()):
        label = {
            "interpreter": "`InterpreterNetwork`",
            "compiled model": "`CompiledModelNetwork`, by the double",
        }[network]
        lines.append(f"| `{profile}` {version_of(profile)}, {precision}, {label} | {100 * share:.3f} % |")
    return "\n".join(lines)


def memory(target: Path) -> str:
    """Memory of the process while it compresses."""
    found = re.search(r"12 MP (\d+) MB, 50 MP (\d+) MB", printed(target, "MemoryTest"))
    if not found:
        raise SystemExit("MemoryTest was skipped, because Linux's account of memory cannot be reset here")
    lines = ["| picture | your bitmap | the carrier | all else |", "| --- | ---: | ---: | ---: |"]
    for label, width, height, rest in (("12", 4000, 3000, found[1]), ("50", 8160, 6144, found[2])):
        bitmap = 4 * width * height / (1 << 20)
        lines.append(f"| {label} megapixels | {bitmap:.0f} MB | {bitmap:.0f} MB | {rest} MB |")
    return "\n".join(lines)


def filled(text: str, tables: dict[str, str]) -> str:
    """The page with tables between the markers `<!-- NAME -->` and `<!-- end of NAME -->`."""
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"{README}: expected the markers of {name}")
        text = f"{before}{begin}{table}\n{end}{after}"
    return text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("arm", type=Path, metavar="WORK_FOLDER", help="of tools/check/arm_check.py")
    arm = parser.parse_args(arguments).arm
    table = arm / ARM_TABLE
    if not table.is_file():
        parser.error(f"{table} is missing: run `python tools/check/arm_check.py {arm}` first")
    tables = {"size": size(TARGET, arm), "samples": samples(TARGET), "memory": memory(TARGET)}
    tables["arm"] = table.read_text(encoding="utf-8").rstrip("\n")
    README.write_text(filled(README.read_text(encoding="utf-8"), tables), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
