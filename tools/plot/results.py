"""Publishes an evaluation's results, and draws the tables and plots of README and docs from what is published.

    python tools/plot/results.py publish REPORT/results.json kodak/profiles    # into results/, and draws
    python tools/plot/results.py draw                                          # after a marker was edited
    python tools/plot/results.py check                                         # 1 if something is out of date

Markers in Markdown: jpegpre_tf/evaluation/report/markdown.py.
"""

import argparse
import sys
from pathlib import Path

from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.evaluation.report.markdown import find_blocks, update_markdown
from jpegpre_tf.evaluation.results import PublishedSet, explain_difference, publish_results, read_results

ROOT = Path(__file__).resolve().parents[2]


def documents(root: Path) -> list[Path]:
    return [
        root / "README.md",
        *sorted(root.glob("docs/**/*.md")),
        *sorted(root.glob("savedmodels/*/README.md")),
        *root.glob("export/web/README.md"),
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout with README.md, docs/ and results/")
    verbs = parser.add_subparsers(dest="verb", required=True)
    publish = verbs.add_parser("publish")
    publish.add_argument("source", type=Path, help="results.json of `jpegpre evaluate`")
    publish.add_argument("name", help="set and name, for example kodak/profiles")
    verbs.add_parser("draw")
    verbs.add_parser("check")
    arguments = parser.parse_args(argv)
    folder = arguments.root / "results"
    try:
        if arguments.verb == "check":
            return check(arguments.root, folder)
        if arguments.verb == "publish":
            results = read_results(arguments.source)
            if results.failures:
                parser.error(f"{len(results.failures)} failed; results with gaps are not published")
            publish_results(results, folder / f"{arguments.name}.json")
        for document in documents(arguments.root):
            if update_markdown(document, folder):
                print(document.relative_to(arguments.root))
    except JpegpreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def check(root: Path, folder: Path) -> int:
    old = [path for path in documents(root) if not all(b.is_current() for b in find_blocks(path, folder))]
    lines = [f"{path.relative_to(root)}: not drawn from results/" for path in old]
    for part in sorted(path for path in folder.glob("*") if path.is_dir()):
        lines += filter(None, map(explain_difference, PublishedSet(part).candidates))
    print("\n".join(lines) or "README, docs and results agree")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
