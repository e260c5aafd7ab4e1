# %% [markdown]
# # A preprocessor for pictures of your own
#
# Trains the network, and the quantization tables that belong to it, on a folder of pictures through exact JPEG. What
# comes out is what `jpegpre export` takes. Run it as `python examples/train_preprocessor.py PICTURES OUTPUT STEPS`.

# %%
import sys
from pathlib import Path

import jpegpre_tf
from jpegpre_tf.training.config import objective_config
from jpegpre_tf.training.data.crops import list_pictures
from jpegpre_tf.training.run import train

# A script's arguments; in a notebook, what you put here.
arguments = ["photos/", "run/", "6000"] if "ipykernel" in sys.modules else sys.argv[1:]
pictures, output, steps = Path(arguments[0]), Path(arguments[1]), int(arguments[2])

# %% [markdown]
# The objective names the metrics whose BD-rate is minimized; `smoke` is the smallest one. `balanced`, `fidelity` and
# `perceptual` are those of the shipped models, and want some ten thousand steps.

# %%
config = objective_config("smoke").with_fields(steps=steps, steps_per_epoch=steps)
trainer = train(config, list_pictures(pictures), [], output, verbose=2)

# %% [markdown]
# The folder has `model.keras`, `tables.json`, `log.jsonl` and a checkpoint. A trained preprocessor is loaded by
# `from_preset`, from this folder as from a shipped model's name.

# %%
preprocessor = jpegpre_tf.Preprocessor.from_preset(output)
print(f"{preprocessor.count_params():,} weights in {output / 'model.keras'}")
