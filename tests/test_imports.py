"""The import rules of the design: rooms import in one direction, and light rooms never import TensorFlow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "jpegpre_tf"

# Room -> rooms it may import. Files directly in the package (errors, _optional, _version) are open to all.
MAY_IMPORT: dict[str, set[str]] = {
    "jpeg": set(),
    "ops": {"jpeg"},
    "layers": {"jpeg", "ops"},
    "models": {"jpeg", "ops", "layers", "runtime"},  # runtime finds and checks the files of presets
    "losses": {"jpeg", "ops", "layers", "models"},
    "search": {"jpeg", "ops", "layers", "models", "losses"},
    "training": {"jpeg", "ops", "layers", "models", "losses", "search", "evaluation", "storage"},
    "exporters": {
        *("jpeg", "ops", "layers", "models", "losses", "search", "training"),
        *("storage", "runtime", "evaluation"),
    },
    "storage": {"jpeg"},
    "runtime": {"jpeg", "storage"},
    "cluster": {"jpeg", "storage", "runtime", "evaluation"},
    "codecs": {"jpeg"},
    "filters": {"jpeg", "codecs"},
    "evaluation": {"jpeg", "codecs", "filters", "storage", "runtime"},
}
MAY_IMPORT["cli"] = set(MAY_IMPORT)
# The same inside runtime: part -> parts it may import.
RUNTIME_MAY_IMPORT: dict[str, set[str]] = {
    "native": set(),
    "cards": set(),
    "inference": {"native", "cards"},
    "pictures": {"native"},
    "encoding": {"native", "inference", "pictures"},
    "pages": {"inference", "pictures", "encoding"},
}
LIGHT_ROOMS = ("jpeg", "storage", "runtime", "codecs", "filters", "cluster")
HEAVY_HELPERS = ("neural_options",)
LIGHT_VERBS = ("encode", "batch", "preprocess", "simulate", "models", "demo")
TENSORFLOW = {"tensorflow", "keras", "tf_keras", "tensorflow_model_optimization"}

FILES = sorted(PACKAGE.rglob("*.py"))
RUNTIME_FILES = [file for file in FILES if file.is_relative_to(PACKAGE / "runtime")]


def room_of(file: Path) -> str | None:
    parts = file.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """Yields (dotted name, line) of every import in the file, those inside functions too."""
    package = ("jpegpre_tf", *file.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            # `from jpegpre_tf import runtime` names a room only with its last part.
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def imported_rooms(file: Path) -> Iterator[tuple[str, int]]:
    for name, line in imported(file):
        parts = name.split(".")
        if parts[0] == "jpegpre_tf" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir():
            yield parts[1], line


def test_every_room_has_its_rule():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(MAY_IMPORT)


def test_the_reader_of_imports_sees_all_forms(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    for room in ("ops", "cli", "layers", "models"):
        (tmp_path / room).mkdir()
    file = tmp_path / "ops" / "x.py"
    file.write_text(
        "import jpegpre_tf.cli.main\n"
        "def f():\n    from jpegpre_tf import layers\n"
        "from ..models import y\n"
        "from . import z\n"
        "from jpegpre_tf.errors import ModelError\n"
        "import numpy\n"
    )
    assert sorted(imported_rooms(file)) == [("cli", 1), ("layers", 3), ("models", 4), ("ops", 5)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_one_way(file):
    room = room_of(file)
    allowed = {room, *MAY_IMPORT.get(room or "", set())}
    if room is None and file.name == "__main__.py":
        allowed.add("cli")
    wrong = [f"line {line}: {name}" for name, line in imported_rooms(file) if name not in allowed]
    assert not wrong


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if room_of(file) == "jpeg"],
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_jpeg_stands_alone(file):
    # Not even the package's errors: wrong bytes are a ValueError, which callers translate.
    wrong = [
        f"line {line}: {name}"
        for name, line in imported(file)
        if name.split(".")[0] == "jpegpre_tf" and not f"{name}.".startswith("jpegpre_tf.jpeg.")
    ]
    assert not wrong


def test_every_part_of_runtime_has_its_rule():
    parts = {path.name for path in (PACKAGE / "runtime").iterdir() if (path / "__init__.py").exists()}
    assert parts == set(RUNTIME_MAY_IMPORT)


@pytest.mark.parametrize("file", RUNTIME_FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_inside_runtime_go_one_way(file):
    parts = file.relative_to(PACKAGE / "runtime").parts
    if len(parts) == 1:  # the room's own file collects the public names of all parts
        return
    part = parts[0]
    allowed = {part, *RUNTIME_MAY_IMPORT[part]}
    names = [(name, line) for name, line in imported(file) if f"{name}.".startswith("jpegpre_tf.runtime.")]
    wrong = [f"line {line}: {name}" for name, line in names if (*name.split("."), "")[2] not in allowed]
    assert not wrong


def is_light(file: Path) -> bool:
    """Heavy verbs are left out: they may use TensorFlow, inside their functions."""
    room = room_of(file)
    if room == "cli":
        common = "common" in file.relative_to(PACKAGE).parts and file.stem not in HEAVY_HELPERS
        return common or file.stem in (*LIGHT_VERBS, "main", "__init__")
    return room is None or room in LIGHT_ROOMS


@pytest.mark.parametrize(
    "file", list(filter(is_light, FILES)), ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_light_files_name_neither_tensorflow_nor_its_rooms(file):
    # Evaluation imports no TensorFlow either: tests/evaluation/test_imports_without_tensorflow.py.
    heavy = set(MAY_IMPORT) - {*LIGHT_ROOMS, "cli", "evaluation"}
    wrong = [f"line {line}: {name}" for name, line in imported(file) if name.split(".")[0] in TENSORFLOW]
    wrong += [f"line {line}: {name}" for name, line in imported_rooms(file) if name in heavy]
    assert not wrong


def test_importing_the_light_rooms_and_every_verb_imports_no_tensorflow():
    modules = ["jpegpre_tf"]
    for file in FILES:
        if room_of(file) in (*LIGHT_ROOMS, "cli"):
            parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
            modules.append(".".join(parts).removesuffix(".__init__"))
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = {sorted(TENSORFLOW)!r}\n"
        "    found = [module for module in heavy if module in sys.modules]\n"
        "    if found: sys.exit(f'{name} imports {found}')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert (done.returncode, done.stderr) == (0, "")
