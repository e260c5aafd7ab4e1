"""Whether two checkouts write byte-identical output: `encode`, `batch` and `evaluate` on the sample pictures.

    git worktree add ../before COMMIT
    python tools/check/same_output.py ../before . [--second-argument=--tables=standard]

Each verb runs in a process of its own with the checkout first on the path, and thus with that checkout's models. Files
are compared byte by byte; of JSON all numbers but times, of manifests all columns but times and workers. Prints one
line per run; exit code 1 if anything differs.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

PICTURES = Path(__file__).parents[2] / "tests" / "pictures"
# Name -> arguments; IN is the folder of pictures, OUT the folder for the output.
RUNS = {
    "encode": "encode IN -o OUT --json",
    "encode, quality 30": "encode IN -o OUT --json --quality 30 --strength 0.5",
    "encode, 4:4:4": "encode IN -o OUT --json --subsampling 4:4:4 --metadata strip",
    "encode, target size": "encode IN -o OUT --json --target-size 15kB",
    "encode, target bpp": "encode IN/gb82_city.webp -o OUT --json --target-bpp 0.8",
    "encode, target score": "encode IN/gb82_girl.webp -o OUT --json --target-score 60",
    "encode, larger allowed": "encode IN -o OUT --json --allow-larger",
    "batch": "batch IN OUT",
    "evaluate": "evaluate IN/gb82_girl.webp -o OUT --qualities 20,40,60,80 --controls none --jobs 1",
}
# Keys and columns that differ from run to run by their nature; the first three are new.
_UNSTABLE = (
    "edit_reason",
    "tables",
    "scan",
    "started",
    "points_",
    "code",
    "seconds",
    "worker",
    "date",
    "time",
    "cpu",
    "created",
    "version",
    "settings",
    "environment",
    "run",
)


def make_inputs(folder: Path) -> None:
    """Writes the sample pictures, JPEG files of them, a grey picture and tiny ones."""
    for path in sorted(PICTURES.glob("*.webp")):
        (folder / path.name).write_bytes(path.read_bytes())
        with Image.open(path) as picture:
            small = picture.convert("RGB").crop((0, 0, 301, 203))
            small.save(folder / f"{path.stem}_q90.jpg", quality=90, comment=b"kept", dpi=(300, 300))
            small.convert("L").save(folder / f"{path.stem}_grey.png")
            small.crop((0, 0, 17, 1)).save(folder / f"{path.stem}_tiny.png")


def without_unstable(value: Any) -> Any:
    """The value without what times and machines decide."""
    if isinstance(value, dict):
        return {
            key: without_unstable(item)
            for key, item in value.items()
            if not any(word in key.lower() for word in _UNSTABLE)
        }
    return [without_unstable(item) for item in value] if isinstance(value, list) else value


def digest_of(path: Path, folder: str) -> str:
    """What has to be equal of an output file."""
    content = path.read_bytes().replace(folder.encode(), b"OUT")
    if path.suffix == ".json":
        content = json.dumps(without_unstable(json.loads(content)), sort_keys=True).encode()
    elif path.suffix == ".jsonl":
        lines = sorted(
            json.dumps(without_unstable(json.loads(line)), sort_keys=True) for line in content.splitlines()
        )
        content = "\n".join(lines).encode()
    return hashlib.sha256(content).hexdigest()


def run(checkout: Path, arguments: str, inputs: Path, extra: list[str]) -> dict[str, str]:
    """Returns what came out: digests of files by name, and stdout."""
    with tempfile.TemporaryDirectory() as folder:
        words = [
            word.replace("IN", str(inputs)) if word.startswith("IN") else word for word in arguments.split()
        ]
        words = [folder if word == "OUT" else word for word in words]
        environment = os.environ | {"PYTHONPATH": str(checkout), "TF_CPP_MIN_LOG_LEVEL": "3"}
        program = "import sys; from jpegpre_tf.cli.main import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-c", program, *words, *extra],
            env=environment,
            cwd=checkout,
            capture_output=True,
            text=True,
        )
        found = {"exit code": str(done.returncode)}
        if done.returncode:
            found["error"] = (done.stderr.splitlines() or [""])[-1]
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        for number, line in enumerate(lines):
            text = json.dumps(without_unstable(json.loads(line)), sort_keys=True)
            found[f"JSON line {number}"] = text.replace(folder, "OUT")
        for path in sorted(Path(folder).rglob("*")):
            # A journal, a database and a page name their run; pictures and numbers are compared.
            if (
                path.is_file()
                and not path.name.startswith(".")
                and path.suffix in (".jpg", ".json", ".jsonl", ".png")
            ):
                found[str(path.relative_to(folder))] = digest_of(path, folder)
        return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument(
        "--second-argument",
        action="append",
        default=[],
        help="for `encode` and `batch` of the second checkout",
    )
    parser.add_argument("--only", choices=sorted({name.split(",")[0] for name in RUNS}), help="one verb")
    options = parser.parse_args(argv)
    is_same = True
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder)
        make_inputs(inputs)
        for name, arguments in RUNS.items():
            verb = arguments.split()[0]
            if options.only not in (None, verb):
                continue
            extra = options.second_argument if verb != "evaluate" else []
            first = run(options.first.resolve(), arguments, inputs, [])
            second = run(options.second.resolve(), arguments, inputs, extra)
            differing = [
                key for key in sorted(first.keys() | second.keys()) if first.get(key) != second.get(key)
            ]
            failed = first["exit code"] != "0"
            is_same &= not differing and not failed
            verdict = f"{len(differing)} differ: {', '.join(differing[:4])}" if differing else "identical"
            problem = f", failed: {first.get('error') or second.get('error')}" if failed else ""
            print(f"{name}: {len(first) - 1} outputs, {verdict}{problem}", flush=True)
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
