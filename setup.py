"""Packaging. Tool settings are in pyproject.toml, the version in jpegpre_tf/_version.py.

What light users need of the models is in this wheel: of each profile the int8 files and what describes them. The
rest, 21 MB, is a second wheel, made of wheels/models, which the extra [models] asks for.
"""

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "jpegpre_tf/_version.py").read_text()).group(1)
# Where the source is published; links of the long description lead there. Whoever publishes says it.
REPOSITORY = os.environ.get("JPEGPRE_REPOSITORY", "").rstrip("/")
# Of a profile, what `encode` and `train --recipe` read; the ONNX file is the kernel's, the TFLite file LiteRT's.
CORE_MODEL_FILES = (
    *("model.json", "tables.json", "recipe.json", "README.md"),
    *("tflite/int8.tflite", "onnx/int8.onnx"),
)

CORE = ["numpy>=2.0", "pillow>=12.0", "ai-edge-litert>=2.1", "rich>=13"]
EXTRAS = {
    "train": ["tensorflow>=2.21,<2.22", "keras>=3.12,<4", "tensorboard>=2.19"],
    "export": [
        "tensorflow-model-optimization>=0.8",
        "tf-keras>=2.21,<2.22",
        "tf2onnx>=1.17",
        "onnx>=1.20",
        "onnxruntime>=1.24",
    ],
    "evaluate": [
        "bjontegaard>=1.3",
        "ssimulacra2>=0.3",
        "psnr_hvsm>=0.3",
        "matplotlib>=3.9",
        "scikit-image>=0.26",
        "scipy>=1.14",
        "opencv-contrib-python-headless>=4.10",
        "higra>=0.6.12",
        "imageio-ffmpeg>=0.6",
        "pyvips>=3.0",
        "pyvips-binary>=8.18",
        "pyjpegli>=0.3.2",
    ],
    "heif": ["pillow-heif>=1.0"],
    "cluster": ["ray[data]>=2.50", "fsspec>=2025.3", "s3fs>=2025.3", "aiobotocore>=3.0", "pyarrow>=17"],
    "docs": ["mkdocs>=1.6,<2", "mkdocstrings[python]>=0.29"],
    "test": ["pytest>=8", "hypothesis>=6.100", "ruff>=0.9", "mypy>=1.14", "build>=1.2", "moto[server]>=5.1"],
}
ALL = {requirement for extra in EXTRAS.values() for requirement in extra}
EXTRAS["all"] = sorted(ALL)
# Not in [all]: a checkout has them already.
EXTRAS["models"] = [f"jpegpre-tf-models=={VERSION}"]


# How the kernel in C is built: "auto" where a compiler is, "0" never, "1" or the build fails (for wheels to publish).
KERNEL = os.environ.get("JPEGPRE_BUILD_KERNEL", "auto")


def kernel_builder():
    """export/kernel/build.py, or None in a source tree without it."""
    path = ROOT / "export/kernel/build.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("kernel_build", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BuildWithModels(build_py):
    """Copies what is needed of the shipped models into the built package, so that a wheel finds it.

    The browser page too, if it is built: it needs Node.js, which not everybody who builds a wheel has. Compiles the
    kernel in C where that is possible: without it the package runs its models in LiteRT.
    """

    def run(self):
        super().run()
        self.build_kernel()
        if self.editable_mode:  # runs from the checkout, where savedmodels/ is found beside the package
            return
        package = Path(self.build_lib) / "jpegpre_tf"
        for name in ("savedmodels", "demo_page"):
            shutil.rmtree(package / name, ignore_errors=True)
        for folder in sorted((ROOT / "savedmodels").iterdir()):
            if not (folder / "tflite" / "int8.tflite").is_file():  # a network for training
                continue
            for name in CORE_MODEL_FILES:
                if (folder / name).is_file():
                    target = package / "savedmodels" / folder.name / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(folder / name, target)
        page = ROOT / "export/web/demo-dist"
        if page.exists():
            shutil.copytree(page, package / "demo_page", ignore=shutil.ignore_patterns(".*"))

    def build_kernel(self):
        builder = kernel_builder()
        if KERNEL == "0" or builder is None:
            return
        folder = ROOT if self.editable_mode else Path(self.build_lib)
        target = folder / f"jpegpre_tf/runtime/inference/_kernel{builder.SUFFIX}"
        try:
            builder.build(target)
        except (builder.BuildError, OSError) as error:
            if KERNEL == "1":
                raise
            print(f"jpegpre_tf: models will run in LiteRT, without the kernel in C: {error}", file=sys.stderr)


def long_description() -> str:
    """Returns README.md; its links and pictures lead to the repository, where one is known."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if not REPOSITORY:
        return text
    return re.sub(
        r"(!?)\]\((?!https?://|#|mailto:)([^)]+)\)",
        lambda link: f"{link[1]}]({REPOSITORY}/blob/v{VERSION}/{link[2]})",
        re.sub(r"!\[([^\]]*)\]\((?!https?://)([^)]+)\)", rf"![\1]({REPOSITORY}/raw/v{VERSION}/\2)", text),
    )


class WheelOfPlatform(bdist_wheel):
    """Names the wheel after the platform if it holds the kernel: for any Python 3, as nothing of Python is linked."""

    def get_tag(self):
        if not any(Path(self.bdist_dir).rglob("_kernel.*")):
            return super().get_tag()
        self.root_is_pure = False
        return "py3", "none", super().get_tag()[2]


setup(
    name="jpegpre-tf",
    version=VERSION,
    description="Smaller JPEG files at the same look, by editing pixels before an untouched encoder",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    author="The jpegpre_tf authors",
    project_urls=(
        {
            "Source": REPOSITORY,
            "Documentation": f"{REPOSITORY}/tree/v{VERSION}/docs",
            "Changelog": f"{REPOSITORY}/blob/v{VERSION}/CHANGELOG.md",
            "Issues": f"{REPOSITORY}/issues",
        }
        if REPOSITORY
        else {}
    ),
    keywords="jpeg compression image-processing photos tflite",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: End Users/Desktop",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(11, 15)),
        "Topic :: Multimedia :: Graphics :: Graphics Conversion",
        "Topic :: Scientific/Engineering :: Image Processing",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["jpegpre_tf", "jpegpre_tf.*"]),
    package_data={"jpegpre_tf": ["py.typed", "**/*.html", "**/*.json"]},
    install_requires=CORE,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["jpegpre=jpegpre_tf.__main__:main"]},
    cmdclass={"build_py": BuildWithModels, "bdist_wheel": WheelOfPlatform},
)
