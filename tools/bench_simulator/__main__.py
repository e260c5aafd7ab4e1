"""python -m tools.bench_simulator PICTURES [--parts accuracy,speed,...]: tables in Markdown on stdout."""

import argparse
import importlib
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

PARTS = ("accuracy", "sizes", "shortcuts", "speed", "memory", "quality", "entries", "descent", "rate")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_simulator", description=__doc__)
    parser.add_argument("pictures", help="folder of lossless pictures, at least 272x272 each")
    parser.add_argument("--parts", default=",".join(PARTS), help="default: %(default)s")
    parser.add_argument("--limit", type=int, default=24, help="pictures at most (default: %(default)s)")
    arguments = parser.parse_args()
    modules = {
        "accuracy": "accuracy",
        "sizes": "accuracy",
        "shortcuts": "shortcuts",
        "speed": "speed",
        "memory": "speed",
        "quality": "table_gradients",
        "entries": "table_gradients",
        "descent": "descent",
        "rate": "descent",
    }
    for part in arguments.parts.split(","):
        if part not in modules:
            parser.error(f"unknown part {part!r}")
        module = importlib.import_module(f"tools.bench_simulator.{modules[part]}")
        started = time.monotonic()
        getattr(module, part)(arguments.pictures, arguments.limit)
        print(f"\n({part}: {time.monotonic() - started:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
