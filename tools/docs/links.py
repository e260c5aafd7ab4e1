"""Checks the links of every Markdown file, and that files which it names are there. `make docs` runs it.

Links are `[text](target)`: a file of the repository, with the heading after `#`, where there is one. Names are paths in
backquotes or commands, such as `tools/bench/cost.py`: of files below folders of the repository. Addresses with a scheme
are left to the reader: a check that needs a network fails for reasons of others.

    python tools/docs/links.py
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What happened stays as it was written.
HISTORY = {"CHANGELOG.md"}
FOLDERS = ("docs", "examples", "export", "results", "savedmodels", "tests", "tools", "wheels")
_NOT_OURS = {"node_modules", "target", "dist"}
_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?\)")
_ROOMS = (
    "cli|cluster|codecs|evaluation|exporters|filters|layers|losses|models|ops|runtime|search|storage|training"
)
_NAME = re.compile(rf"(?<![\w./<>-])((?:{'|'.join(FOLDERS)}|jpegpre_tf|{_ROOMS})/[\w./-]*\.\w+)\b")
# Placeholders, and what a build makes.
_NO_FILE = re.compile(r"/[A-Z]+\.\w+$|dist/")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def markdown_files(root: Path) -> list[Path]:
    """Those of the repository, but for histories and what was installed or built."""
    found = [*root.glob("*.md"), *(path for folder in FOLDERS for path in (root / folder).rglob("*.md"))]
    kept = [path for path in found if not _NOT_OURS & set(path.relative_to(root).parts)]
    return sorted(path for path in kept if path.name not in HISTORY)


def anchors_of(text: str) -> set[str]:
    """Ids of a page's headings, as GitHub and MkDocs make them; a heading that comes twice counts on."""
    anchors: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        slug = re.sub(r"-+", "-", slug)
        anchors.add(slug if slug not in anchors else f"{slug}_1")
    return anchors


def broken_links(path: Path, root: Path) -> list[str]:
    """One line for each link, or name of a file, of a Markdown file that leads nowhere."""
    text = path.read_text(encoding="utf-8")
    prose = _FENCE.sub("", text)
    lines = []
    for target in _LINK.findall(prose):
        if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
            continue
        name, _, anchor = target.partition("#")
        aim = (path.parent / name).resolve() if name else path
        if not aim.exists():
            lines.append(f"{path.relative_to(root)}: {target}: there is no such file")
        elif anchor and aim.suffix == ".md" and anchor not in anchors_of(aim.read_text(encoding="utf-8")):
            lines.append(f"{path.relative_to(root)}: {target}: there is no such heading")
    for name in sorted(set(_NAME.findall(_COMMENT.sub("", text)))):
        if _NO_FILE.search(name):
            continue
        # Relative to the file, to the repository, or to the package that a room is in.
        if not any((base / name).exists() for base in (root, path.parent, root / "jpegpre_tf")):
            lines.append(f"{path.relative_to(root)}: {name}: there is no such file")
    return lines


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout")
    root = parser.parse_args(argv).root
    lines = [line for path in markdown_files(root) for line in broken_links(path, root)]
    print("\n".join(lines) or "every link leads somewhere")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
