"""The wheel, installed in a fresh environment outside the repository, with the core dependencies alone."""

import json
import os
import shutil
import subprocess
import sys
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
def wheel(tmp_path_factory) -> Path:
    # From a copy: pip builds in the source folder, where leftovers of older builds could slip in.
    folder = tmp_path_factory.mktemp("wheel")
    skipped = shutil.ignore_patterns(
        ".*", "build", "*.egg-info", "__pycache__", "tests", "runs", "node_modules", "dist", "demo-dist"
    )
    shutil.copytree(ROOT, folder / "source", ignore=skipped)
    page = folder / "source" / "export" / "web" / "demo-dist"
    page.mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    done = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, folder / "source")
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


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
        "jpegpre_tf/savedmodels/balanced/tflite/fp32.tflite",
    ):
        assert expected in names
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "jpegpre_tf").rglob("*.py")
        if "savedmodels" not in path.parts
    }
    assert {name for name in names if name.endswith(".py")} == tracked


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
