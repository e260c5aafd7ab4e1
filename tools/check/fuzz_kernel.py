"""Fuzzes the kernel in C for as long as wanted: sanitizers on, damaged networks, any picture, size and tables.

python tools/check/fuzz_kernel.py --minutes 60 [--network INT8.onnx ...] [--arm WORK_FOLDER]

Stops at the first finding. Without --network it takes random networks of both kinds of weights. With --arm it compares
instead: 200 rounds per network and seed on this machine and on emulated AArch64 processors with and without dot
products have to print the same hash of all samples. The compiler and qemu for that are Debian's, downloaded into
WORK_FOLDER; nothing is installed.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.kernel.network import Networks
from tests.kernel.onnx_file import onnx_bytes

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "export/kernel/fuzz/fuzz.c"
ROUNDS = 500
ARM_ROUNDS = 200
PACKAGES = ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user-static")
PROCESSORS = ("cortex-a53", "neoverse-n1", "max,sme=off")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--network", type=Path, action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arm", type=Path)
    options = parser.parse_args(arguments)
    builder = load_builder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        networks = options.network or made_networks(folder)
        native = folder / "native"
        if options.arm is not None:
            builder.build(native, program=PROGRAM)
            return compare(native, prepare_arm(options.arm.resolve(), builder), networks, options.seed)
        builder.build(native, options=builder.SANITIZERS, program=PROGRAM)
        end = time.monotonic() + 60 * options.minutes
        seed = options.seed
        while time.monotonic() < end:
            network = networks[seed % len(networks)]
            result = run([native], network, seed, ROUNDS)
            if result.returncode:
                print(f"seed {seed}, {network}:\n{result.stderr}")
                return 1
            seed += 1
    print(f"no finding in {(seed - options.seed) * ROUNDS} pictures and as many damaged files")
    return 0


def load_builder():
    spec = importlib.util.spec_from_file_location("kernel_build", ROOT / "export/kernel/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_networks(folder: Path) -> list[Path]:
    paths = []
    for largest in (63, 127):
        path = folder / f"{largest}.onnx"
        path.write_bytes(onnx_bytes(Networks(largest, largest)))
        paths.append(path)
    return paths


def run(command: list, network: Path, seed: int, rounds: int) -> subprocess.CompletedProcess:
    return subprocess.run([*command, network, str(seed), str(rounds)], capture_output=True, text=True)


def prepare_arm(folder: Path, builder) -> list[list]:
    """Downloads what is missing and builds; returns the commands that run the program, one for each processor."""
    root = folder / "root"
    if not root.exists():
        folder.mkdir(parents=True, exist_ok=True)
        install = ["apt-get", "install", "-s", "-y", "--no-install-recommends", *PACKAGES]
        lines = subprocess.run(install, check=True, capture_output=True, text=True).stdout.splitlines()
        names = [line.split()[1] for line in lines if line.startswith("Inst ")]
        download = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *names]
        subprocess.run(download, cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    os.environ["PATH"] = f"{root / 'usr/bin'}:{os.environ['PATH']}"
    os.environ["LD_LIBRARY_PATH"] = str(root / "usr/lib/x86_64-linux-gnu")
    target = root / "usr/aarch64-linux-gnu"
    (compiler,) = [path for path in (root / "usr/bin").glob("aarch64-linux-gnu-gcc-[0-9]*")]
    places = [f"--sysroot={root}", f"-B{target / 'lib'}", f"-I{target / 'include'}", f"-L{target / 'lib'}"]
    program = folder / "program"
    builder.build(program, [str(compiler), *places, "-static"], program=PROGRAM)
    return [[root / "usr/bin/qemu-aarch64-static", "-cpu", name, program] for name in PROCESSORS]


def compare(native: Path, commands: list[list], networks: list[Path], seed: int) -> int:
    different = 0
    for network in networks:
        here = run([native], network, seed, ARM_ROUNDS).stdout.strip()
        print(f"{network.name}: {here}")
        for command in commands:
            there = run(command, network, seed, ARM_ROUNDS).stdout.strip()
            is_same = bool(here) and there.split(",")[0] == here.split(",")[0]
            different += not is_same
            print(f"  {command[2]}: {there or 'failed'}, {'same' if is_same else 'DIFFERENT'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
