"""The wheel, installed in a fresh environment outside the repository, with the core dependencies alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
PHOTO = ROOT / "tests" / "pictures" / "gb82_city.webp"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy: pip builds in the source folder, where leftovers of older builds could slip in."""
    folder = tmp_path_factory.mktemp("source") / "source"
    skipped = shutil.ignore_patterns(
        ".*", "build", "*.egg-info", "__pycache__", "runs", "node_modules", "dist", "demo-dist", "target"
    )
    shutil.copytree(ROOT, folder, ignore=skipped)
    page = folder / "export" / "web" / "demo-dist"
    page.mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    return folder


@pytest.fixture(scope="module")
def built(source, tmp_path_factory) -> Path:
    """Folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    done = run(
        *(sys.executable, "-m", "build", "--outdir", folder, source),
        env=os.environ | {"JPEGPRE_REPOSITORY": "https://example.org/jpegpre"},
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def models_wheel(source, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    done = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, source / "wheels" / "models"
    )
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """Folder of a fresh environment's programs."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    done = run(programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel)
    assert done.returncode == 0, done.stderr
    return programs


def test_the_wheel_holds_one_package_with_all_its_files(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"jpegpre_tf"}
    for expected in (
        "jpegpre_tf/py.typed",
        "jpegpre_tf/runtime/pages/compare_page.html",
        "jpegpre_tf/demo_page/index.html",
        "jpegpre_tf/savedmodels/balanced/model.json",
        "jpegpre_tf/savedmodels/balanced/tflite/int8.tflite",
        "jpegpre_tf/savedmodels/balanced/onnx/int8.onnx",
    ):
        assert expected in names
    # What light users need, and no more: the rest is in the second wheel.
    assert wheel.stat().st_size < 3_000_000
    assert not [name for name in names if name.endswith((".keras", ".jsonl")) or "fp32" in name]
    assert {name.rpartition("/")[2] for name in names if name.endswith(".onnx")} == {"int8.onnx"}
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "jpegpre_tf").rglob("*.py")
        if "savedmodels" not in path.parts
    }
    assert {name for name in names if name.endswith(".py")} == tracked


def test_the_sdist_is_the_repository(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("jpegpre_tf", "savedmodels", "tests", "tools", "docs", "wheels"):
        files = (file for file in (ROOT / folder).rglob("*") if file.is_file())
        skipped = ("__pycache__", "build")
        wanted = {
            file.relative_to(ROOT).as_posix()
            for file in files
            if not any(
                part in skipped or part.startswith((".", "_kernel.")) or part.endswith(".egg-info")
                for part in file.parts[1:]
            )
        }
        assert wanted - names == set()
    assert {"README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "setup.py", "Makefile"} <= names


def test_the_description_leads_to_the_repository(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(name).decode()
    assert "Project-URL: Source, https://example.org/jpegpre" in text
    for python in range(11, 15):
        assert f"Classifier: Programming Language :: Python :: 3.{python}\n" in text
    assert "Author: " in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links and all(link.startswith("https://") for link in links)


def test_it_installs_one_top_level_name(environment, tmp_path):
    program = (
        "import importlib.metadata as m; "
        "print(*sorted({str(f).split('/')[0] for f in m.files('jpegpre-tf') if not str(f).startswith('..')}))"
    )
    # Not from the repository: Python would find what is described there first.
    done = run(environment / "python", "-c", program, cwd=tmp_path)
    names = {name for name in done.stdout.split() if not name.endswith(".dist-info")}
    assert names == {"jpegpre_tf"}, done.stderr


def test_only_the_core_is_installed(environment, tmp_path):
    done = run(environment / "python", "-m", "pip", "check", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    done = run(environment / "python", "-c", "import tensorflow", cwd=tmp_path)
    assert "ModuleNotFoundError" in done.stderr


def test_models_are_found_inside_the_package(environment, tmp_path):
    done = run(environment / "jpegpre", "models", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (balanced,) = [model for model in json.loads(done.stdout)["models"] if model["name"] == "balanced"]
    assert balanced["problem"] is None
    assert Path(balanced["path"]).is_relative_to(environment.parent)


def test_encode_works_outside_the_repository(environment, tmp_path):
    shutil.copy(PHOTO, tmp_path / "photo.webp")
    command = [environment / "jpegpre", "encode", "photo.webp", "-o", "out.jpg", "--page", "page.html"]
    done = run(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert (tmp_path / "out.jpg").stat().st_size == described["size_bytes"] < described["size_bytes_plain"]
    Image.open(tmp_path / "out.jpg").load()
    assert "<figure" in (tmp_path / "page.html").read_text()
    assert done.stderr.count("\n") == 1 and "page.html" in done.stderr  # no word of LiteRT's


def test_a_local_archive_needs_the_core_alone(environment, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(PHOTO, tmp_path / "in" / "photo.webp")
    done = run(environment / "jpegpre", "batch", "in", "out", "-q", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out" / "photo.jpg").is_file()
    assert json.loads((tmp_path / "out" / "manifest.jsonl").read_text())["status"] == "encoded"


def test_python_finds_it_there_too(environment, tmp_path):
    program = (
        "import numpy as np; from jpegpre_tf import runtime; "
        "print(runtime.load('balanced')(np.zeros((5, 7, 3), np.uint8), 75).shape)"
    )
    done = run(environment / "python", "-c", program, cwd=tmp_path)
    assert done.stdout == "(5, 7, 3)\n", done.stderr


def test_a_missing_extra_is_one_line_that_says_what_to_install(environment, tmp_path):
    done = run(environment / "jpegpre", "train", tmp_path, "-o", tmp_path / "run", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "pip install 'jpegpre-tf[train]'" in done.stderr


def test_what_the_core_has_not_is_one_line_until_the_models_are_installed(
    environment, models_wheel, tmp_path
):
    shutil.copy(PHOTO, tmp_path / "photo.webp")
    command = [environment / "jpegpre", "encode", "photo.webp", "-o", "out.jpg", "--precision", "fp32", "-q"]
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "pip install 'jpegpre-tf[models]'" in done.stderr
    done = run(environment / "python", "-m", "pip", "install", "-q", "--no-deps", models_wheel)
    assert done.returncode == 0, done.stderr
    done = run(*command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = run(environment / "jpegpre", "models", "--json", cwd=tmp_path)
    models = json.loads(done.stdout)["models"]
    assert all(
        model["problem"] is None and len(model["installed"]) == len(model["files"]) for model in models
    )
    shipped = {path.parent.name for path in ROOT.glob("savedmodels/*/model.json")}
    assert {model["name"] for model in models} == shipped
