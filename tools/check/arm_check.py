"""Runs the shipped .tflite files on an emulated ARM processor and compares pixels and decisions with this machine's.

python tools/check/arm_check.py WORK_FOLDER [--profile balanced ...] [--crop 256] [--cpu max,sme=off] [--qemu PROGRAM]

Takes LiteRT's own wheel for aarch64 Linux, Debian's arm64 Python and Debian's qemu-user-static; all are downloaded
into WORK_FOLDER, nothing is installed. Needs Debian 12 on x86-64 with apt and a network. What it prints is kept as
WORK_FOLDER/table.md; `tools/docs/android_tables.py WORK_FOLDER` puts it into export/android/README.md. Emulated, so
times mean nothing; a phone's LiteRT is built for Android, not for Linux.

Which of LiteRT's kernels run is decided by the processor's features: neoverse-n1 has dot products, max,sme=off matrix
products of 8-bit integers too (i8mm, phones from about 2022 on), max also SME. Debian 12's qemu 7.2 calculates SME
wrongly (int8 results came out at 39 dB; with qemu 10, the same files and the same LiteRT, all samples were equal), so
SME is left out unless a newer qemu-aarch64 is given with --qemu.
"""

import argparse
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from jpegpre_tf import jpeg, runtime
from jpegpre_tf.runtime.inference.session import Session

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "pictures"
# Corner, quality and strength of each crop.
CROPS = (
    ("gb82_city", (100, 100), 75, 1.0),
    ("gb82_city", (300, 200), 30, 1.0),
    ("gb82_girl", (40, 60), 90, 1.0),
    ("budgie_perched_osprey", (250, 150), 50, 1.0),
    ("budgie_perched_osprey", (400, 300), 12, 0.5),
)
PACKAGES = ("python3.11", "libstdc++6")
WHEELS = ("ai-edge-litert", "numpy")

# Runs inside the emulator: LiteRT and NumPy alone. Cases, and results in the same order, are .npy files.
GUEST = """
import pathlib, platform, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter

folder = pathlib.Path(sys.argv[1])
assert platform.machine() == "aarch64", platform.machine()
pictures, settings = np.load(folder / "pictures.npy"), np.load(folder / "settings.npy")
for model in map(pathlib.Path, sys.argv[2:]):
    name = model.parent.parent.name
    tables = np.load(folder / f"{name}-tables.npy")
    interpreter = Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    edit, decide = (interpreter.get_signature_runner(key) for key in ("edit", "decide"))
    dtype = edit.get_input_details()["image"]["dtype"]
    edited, decisions = [], []
    for picture, (quality, strength), pair in zip(pictures, settings, tables):
        inputs = {"image": picture[np.newaxis].astype(dtype), "strength": np.full((1, 1, 1, 1), strength, np.float32)}
        results = []
        for runner, (luma, chroma) in zip((edit, decide), pair.astype(np.float32).reshape(2, 2, 1, 1, 1, 64)):
            results.append(runner(**inputs, luma_table=luma, chroma_table=chroma))
        edited.append(np.clip(np.rint(results[0]["output"][0]), 0, 255).astype(np.uint8))
        decisions.append(np.concatenate([results[1][key].ravel() for key in ("luma", "chroma")]))
    np.save(folder / f"{name}-{model.stem}.npy", edited)
    np.save(folder / f"{name}-{model.stem}-decisions.npy", decisions)
"""

# What LiteRT asks Linux about the processor: qemu would hand it this machine's x86 answers, on which it crashes.
CPUINFO = """processor\t: 0
BogoMIPS\t: 100.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1

"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", action="append", help="default: all three")
    parser.add_argument("--crop", type=int, default=256, help="side of the crops, a multiple of 16")
    parser.add_argument("--cpu", default="max,sme=off", help="qemu's name of the processor")
    parser.add_argument("--qemu", type=Path, help="qemu-aarch64 to use; default: Debian's, downloaded")
    options = parser.parse_args(arguments)
    if options.qemu is not None and not options.qemu.is_file():
        parser.error(f"there is no file {options.qemu}")
    folder = options.folder.resolve()
    emulator = prepare(folder, options.cpu, options.qemu)
    pictures, settings = make_crops(options.crop)
    np.save(folder / "pictures.npy", pictures)
    np.save(folder / "settings.npy", settings)
    (folder / "guest.py").write_text(GUEST)
    profiles = options.profile or ["balanced", "fidelity", "perceptual"]
    for profile in profiles:
        np.save(folder / f"{profile}-tables.npy", make_tables(profile, settings))
    files = [
        runtime.find_model(profile).path / path
        for profile in profiles
        for path in runtime.find_model(profile).precisions("tflite").values()
    ]
    subprocess.run([*emulator, folder / "guest.py", folder, *files], check=True)
    compare(folder, files, pictures, settings)
    return 0


def make_crops(side: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 `(5, side, side, 3)` and float32 `(5, 2)`: quality and strength."""
    crops = []
    for name, (x, y), _, _ in CROPS:
        picture = Image.open(PICTURES / f"{name}.webp").convert("RGB")
        x, y = min(x, picture.width - side), min(y, picture.height - side)
        crops.append(np.asarray(picture.crop((x, y, x + side, y + side))))
    return np.stack(crops), np.array([case[2:] for case in CROPS], np.float32)


def make_tables(profile: str, settings: np.ndarray) -> np.ndarray:
    """uint8 `(5, 2, 2, 8, 8)`: libjpeg's tables of each crop's quality to edit for, the model's own to decide for."""
    tuned = runtime.find_model(profile).tuned_tables
    if tuned is None:
        raise SystemExit(f"{profile} has no tables.json")
    pairs = [
        (np.stack(jpeg.quantization_tables(int(quality))), tuned.tables(quality)) for quality, _ in settings
    ]
    return np.array(pairs, np.uint8)


def prepare(folder: Path, cpu: str, emulator: Path | None) -> list[str | Path]:
    """Downloads and unpacks what is not there yet; returns the command that runs a script on the emulated processor."""
    root = folder / "root"
    site = root / "site"
    emulator = emulator or folder / "qemu" / "usr" / "bin" / "qemu-aarch64-static"
    if not emulator.exists():
        (folder / "qemu").mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", "qemu-user-static"],
            cwd=folder,
            check=True,
        )
        (package,) = folder.glob("qemu-user-static_*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder / "qemu"], check=True)
    if not (root / "usr" / "bin" / "python3.11").exists():
        for package in arm_packages(folder / "apt"):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        (root / "proc").mkdir(exist_ok=True)
        (root / "proc" / "cpuinfo").write_text(CPUINFO)
        (root / "sys/devices/system/cpu").mkdir(parents=True, exist_ok=True)
        for name in ("possible", "present"):
            (root / "sys/devices/system/cpu" / name).write_text("0\n")
    if not (site / "ai_edge_litert").exists():
        wheels = folder / "wheels"
        platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in (17, 27, 28)]
        target = [
            "--only-binary=:all:",
            "--no-deps",
            "--python-version=3.11",
            "--implementation=cp",
            *platforms,
        ]
        versions = [f"{name}=={_version(name)}" for name in WHEELS]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "-d", wheels, *target, *versions], check=True
        )
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(site)
    python = root / "usr" / "bin" / "python3.11"
    return [emulator, "-cpu", cpu, "-L", root, "-E", f"PYTHONPATH={site}", python]


def _version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)


def arm_packages(state: Path) -> list[Path]:
    """Downloads `PACKAGES` and what they need for arm64, with an apt of its own that knows of nothing installed."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "apt.conf").write_text(
        f'APT::Architecture "arm64";\nAPT::Architectures {{ "arm64"; }};\nDir::State "{state}";\n'
        f'Dir::State::status "{state / "status"}";\nDir::Cache "{state / "cache"}";\n'
        'APT::Install-Recommends "false";\nDebug::NoLocking "true";\nAPT::Sandbox::User "root";\n'
    )
    environment = {"APT_CONFIG": str(state / "apt.conf"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
    install = ["apt-get", "install", "-y", "-qq", "--download-only", *PACKAGES]
    subprocess.run(install, env=environment, check=True, stdout=subprocess.DEVNULL)
    return sorted((state / "cache" / "archives").glob("*.deb"))


def compare(folder: Path, files: list[Path], pictures: np.ndarray, settings: np.ndarray) -> None:
    """Prints how far the emulated results are from this machine's and what JPEG files save; keeps it as table.md."""
    print(
        f"{len(pictures)} crops of {pictures.shape[1]}x{pictures.shape[2]}, LiteRT {_version('ai-edge-litert')}"
    )
    lines = [
        "| file | equal decisions | equal samples | within 1 level | saved on x86-64 | saved on ARM |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for file in files:
        profile, precision = file.parent.parent.name, file.stem
        preprocess = runtime.load(profile, precision=precision, threads=1)
        cases = list(zip(pictures, np.load(folder / f"{profile}-tables.npy"), settings, strict=True))
        here = np.stack([preprocess(p, q, s) for p, (q, s) in zip(pictures, settings.tolist(), strict=True)])
        there = np.load(folder / f"{profile}-{precision}.npy")
        decided = np.load(folder / f"{profile}-{precision}-decisions.npy")
        equal = np.mean(
            [decisions_of(preprocess, *case) == d for case, d in zip(cases, decided, strict=True)]
        )
        difference = np.abs(here.astype(int) - there)
        sizes = [
            sum(len(runtime.encode_jpeg(p, int(q))) for p, (q, _) in zip(images, settings, strict=True))
            for images in (pictures, here, there)
        ]
        saved = [f"{100 * (1 - size / sizes[0]):.2f} %" for size in sizes[1:]]
        version = runtime.find_model(profile).card.version
        lines.append(
            f"| {profile} {version}, {precision} | {100 * equal:.4f} % | {100 * np.mean(difference == 0):.3f} % | "
            f"{100 * np.mean(difference <= 1):.3f} % | {saved[0]} | {saved[1]} |"
        )
    table = "\n".join(lines)
    print(table)
    (folder / "table.md").write_text(table + "\n", encoding="utf-8")


def decisions_of(
    session: Session, picture: np.ndarray, tables: np.ndarray, settings: np.ndarray
) -> np.ndarray:
    """What this machine decides for a crop, in the order of the network's results."""
    luma, cb, cr = (
        plane.reshape(*plane.shape[:2], 64)[..., jpeg.tables.NATURAL_FROM_FREQUENCY]
        for plane in session.decide(picture, tables[1], float(settings[1])).planes
    )
    return np.concatenate([luma.ravel(), np.concatenate([cb, cr], axis=-1).ravel()])


if __name__ == "__main__":
    sys.exit(main())
