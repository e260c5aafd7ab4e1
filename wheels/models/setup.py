"""The second wheel: files of the models that only training, comparing and exporting read.

    python -m pip wheel --no-deps wheels/models

Every file of savedmodels/ that the first wheel has not, as package `jpegpre_tf_models`: looked for where a file
is not beside its model.json. Both wheels are of one version; model.json, which is in the first, has every hash.
"""

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "jpegpre_tf/_version.py").read_text()).group(1)
# Logs and figures of the training are in the repository.
LEFT_OUT = shutil.ignore_patterns(".*", "*.jsonl", "*.png")


class BuildModels(build_py):
    """Copies the models into the package."""

    def run(self):
        super().run()
        target = Path(self.build_lib) / "jpegpre_tf_models" / "savedmodels"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(ROOT / "savedmodels", target, ignore=LEFT_OUT)
        for profile in target.iterdir():
            if (profile / "tflite" / "int8.tflite").is_file():  # these are in the first wheel
                for name in (
                    *("model.json", "tables.json", "recipe.json", "README.md"),
                    *("tflite/int8.tflite", "onnx/int8.onnx"),
                ):
                    (profile / name).unlink(missing_ok=True)


setup(
    name="jpegpre-tf-models",
    version=VERSION,
    description="Models of jpegpre-tf in all precisions and formats, and networks for training",
    long_description="The larger files of jpegpre-tf: installed by `pip install 'jpegpre-tf[models]'`.",
    license="Apache-2.0",
    author="The jpegpre_tf authors",
    python_requires=">=3.11",
    packages=["jpegpre_tf_models"],
    install_requires=[f"jpegpre-tf=={VERSION}"],
    cmdclass={"build_py": BuildModels},
)
