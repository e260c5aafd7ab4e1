# %% [markdown]
# # From a trained model to one that runs anywhere
#
# Exports a model as TFLite, checked against Keras before anything is written, then runs the file without TensorFlow
# and writes JPEG files with it. On the command line: `jpegpre export`, then `jpegpre encode --profile`. Run it as
# `python examples/export_and_run.py PICTURES OUTPUT STEPS`.

# %%
import sys
from pathlib import Path

from jpegpre_tf import runtime
from jpegpre_tf.exporters.export import ExportRequest, export
from jpegpre_tf.training.config import objective_config
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.run import train

# A script's arguments; in a notebook, what you put here.
arguments = ["photos/", "run/", "500"] if "ipykernel" in sys.modules else sys.argv[1:]
pictures, output, steps = Path(arguments[0]), Path(arguments[1]), int(arguments[2])

# %% [markdown]
# Any preprocessor will do; this one is trained for a moment. Its tables come with it.

# %%
paths = list_pictures(pictures)
config = objective_config("smoke").with_fields(steps=steps, steps_per_epoch=steps)
train(config, paths, [], output / "run", verbose=2)

# %% [markdown]
# int8 is calibrated on some pictures and compared on others; `formats` may name "onnx" too, and `precisions` "fp32" and
# "fp16".

# %%
request = ExportRequest(
    model=output / "run" / "model.keras",
    folder=output / "mine",
    pictures=tuple(paths[1:]),
    validation=(paths[0],),
    formats=("tflite",),
    precisions=("int8",),
)
export(request, report=print)

# %% [markdown]
# From here on nothing needs TensorFlow: the folder is a profile like the shipped ones.

# %%
session = runtime.load(str(output / "mine"))
for path in paths:
    result = runtime.encode_file(path, output / f"{path.stem}.jpg", session, quality=60)
    print(f"{path.name}: {result.size_bytes} bytes, {result.saved_percent:.1f} % below the plain file")
