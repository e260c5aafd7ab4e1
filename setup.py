"""Packaging. Tool settings are in pyproject.toml, the version in jpegpre_tf/_version.py."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "jpegpre_tf/_version.py").read_text()).group(1)

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
    "test": ["pytest>=8", "hypothesis>=6.100", "ruff>=0.9", "mypy>=1.14", "build>=1.2", "moto[server]>=5.1"],
}
EXTRAS["all"] = sorted({requirement for extra in EXTRAS.values() for requirement in extra})


class BuildWithModels(build_py):
    """Copies the shipped models into the built package, so that a wheel finds them without the repository.

    The browser page too, if it is built: it needs Node.js, which not everybody who builds a wheel has.
    """

    def run(self):
        super().run()
        if self.editable_mode:  # runs from the checkout, where savedmodels/ is found beside the package
            return
        for source, name in (("savedmodels", "savedmodels"), ("export/web/demo-dist", "demo_page")):
            target = Path(self.build_lib) / "jpegpre_tf" / name
            if target.exists():
                shutil.rmtree(target)
            if (ROOT / source).exists():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns(".*"))


setup(
    name="jpegpre-tf",
    version=VERSION,
    description="Smaller JPEG files at the same look, by editing pixels before an untouched encoder",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["jpegpre_tf", "jpegpre_tf.*"]),
    package_data={"jpegpre_tf": ["py.typed", "**/*.html", "**/*.json"]},
    install_requires=CORE,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["jpegpre=jpegpre_tf.cli.main:main"]},
    cmdclass={"build_py": BuildWithModels},
)
