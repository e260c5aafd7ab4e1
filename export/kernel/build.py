"""Builds the kernel as a shared library: python export/kernel/build.py TARGET [--sanitize] [--compiler "clang -m64"]

GCC from 9 on or Clang, of Linux, macOS or Windows, for x86-64 or AArch64; setup.py calls `build` when a package is
built. export/web/scripts/kernel.mjs makes WebAssembly of the same sources. Needs Python alone.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# Fused multiply-add would round once where other processors round twice.
OPTIONS = ("-std=c17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra")
SANITIZERS = (
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
    "-O1",
)
# Machine -> (symbol, name, products, options); `Products` of src/kernel.h by number. src/levels.c has the same symbols.
LEVELS = {
    "x86_64": (
        (
            "level_avx512_vnni",
            "avx512-vnni",
            1,
            ("-mavx2", "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512vnni"),
        ),
        ("level_avx_vnni", "avx-vnni", 1, ("-mavx2", "-mavxvnni")),
        ("level_avx2_7bit", "avx2-7bit", 2, ("-mavx2",)),
        ("level_avx2", "avx2", 0, ("-mavx2",)),
        ("level_sse41", "sse4.1", 0, ("-msse4.1",)),
    ),
    "aarch64": (
        ("level_neon_dot", "neon-dot", 3, ("-march=armv8.2-a+dotprod",)),
        ("level_neon", "neon", 0, ()),
    ),
}
LEVELS["amd64"], LEVELS["arm64"] = LEVELS["x86_64"], LEVELS["aarch64"]
# What older compilers lack may be left out: GCC before 11, Clang before 12.
OPTIONAL = {"level_avx_vnni": "-DJPEGPRE_NO_AVX_VNNI"}
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


class BuildError(Exception):
    """No compiler that can build the kernel; one line that says why."""


def find_compiler() -> list[str]:
    """The command of $CC, else of the first of cc, gcc and clang that is there; with $ARCHFLAGS on macOS."""
    architecture = shlex.split(os.environ.get("ARCHFLAGS", "")) if sys.platform == "darwin" else []
    named = shlex.split(os.environ.get("CC", ""))
    if named:
        return named + architecture
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name, *architecture]
    raise BuildError("no C compiler: looked for $CC, cc, gcc and clang")


def build(
    target: Path,
    compiler: list[str] | None = None,
    options: tuple[str, ...] = (),
    program: Path | None = None,
) -> None:
    """Writes the shared library, or a program of this C file with the kernel in it.

    Raises:
        BuildError: If that failed; `target` is not touched then.
    """
    command = compiler or find_compiler()
    machine = _run([*command, "-dumpmachine"]).split("-")[0].lower()
    if machine not in LEVELS:
        raise BuildError(f"the kernel has no code for {machine}: x86-64 and AArch64 alone")
    with tempfile.TemporaryDirectory() as folder:
        position = () if sys.platform == "win32" else ("-fPIC",)
        common = [*command, *OPTIONS, *options, *position, f"-I{FOLDER / 'include'}"]
        missing: list[str] = []
        jobs = [
            (path, f"{path.stem}.o", ())
            for path in sorted((FOLDER / "src").glob("*.c"))
            if path.stem != "level"
        ]
        for symbol, name, products, instructions in LEVELS[machine]:
            if symbol in OPTIONAL and not _compiles([*command, *instructions]):
                missing.append(OPTIONAL[symbol])
                continue
            defined = (f"-DLEVEL={symbol}", f'-DLEVEL_NAME="{name}"', f"-DLEVEL_PRODUCTS={products}")
            jobs.append((FOLDER / "src/level.c", f"{symbol}.o", (*defined, *instructions)))
        if program is not None:
            jobs.append((program, "program.o", ()))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(
                pool.map(
                    lambda job: _run(
                        [*common, *missing, *job[2], "-c", str(job[0]), "-o", f"{folder}/{job[1]}"]
                    ),
                    jobs,
                )
            )
        made = Path(folder) / f"made{SUFFIX}"
        kind = () if program is not None else ("-shared",)
        _run([*command, *options, *kind, "-o", str(made), *(f"{folder}/{job[1]}" for job in jobs)])
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, then renamed: a library in use must not change under its user.
        beside = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copy(made, beside)
        beside.replace(target)


def _compiles(command: list[str]) -> bool:
    result = subprocess.run([*command, "-xc", "-", "-E"], input=b"", capture_output=True)
    return result.returncode == 0


def _run(command: list[str]) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise BuildError(f"cannot run {command[0]}: {error.strerror}") from error
    if result.returncode:
        line = next(
            (line for line in result.stderr.splitlines() if "error" in line), result.stderr.strip()[:200]
        )
        raise BuildError(f"{Path(command[0]).name} failed: {line}")
    return result.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", type=Path)
    parser.add_argument(
        "--compiler", type=shlex.split, help="command of the compiler; default $CC, cc, gcc or clang"
    )
    parser.add_argument("--sanitize", action="store_true", help="with AddressSanitizer and UBSan")
    parser.add_argument(
        "--program", type=Path, help="a C file with `main`: builds a program of it and the kernel"
    )
    options = parser.parse_args(arguments)
    try:
        build(options.target, options.compiler, SANITIZERS if options.sanitize else (), options.program)
    except BuildError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
