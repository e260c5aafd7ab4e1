# %% [markdown]
# # A preprocessor for an encoder of your own
#
# An encoder that can only be called is learned by two networks, what it decides and how many bits it takes; then a
# preprocessor is trained through them. All that is asked of it is a function from pixels and a quality to a file.
# On the command line, with any program: `train-simulator`, `train-rate`, `train --simulator`, `evaluate --encoder`.
# Run this as `python examples/custom_encoder.py PICTURES OUTPUT STEPS`; some thousand steps are needed to gain.

# %%
import io
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import jpegpre_tf
from jpegpre_tf.evaluation.bd_rate import HEADLINE, bd_rate
from jpegpre_tf.losses import BDRate
from jpegpre_tf.training.data.crops import list_pictures, load_rgb, training_dataset
from jpegpre_tf.training.neural.config import NeuralTrainConfig
from jpegpre_tf.training.neural.run import NeuralRun

# A script's arguments; in a notebook, what you put here.
arguments = ["photos/", "run/", "2000"] if "ipykernel" in sys.modules else sys.argv[1:]
pictures, output, steps = Path(arguments[0]), Path(arguments[1]), int(arguments[2])

# %% [markdown]
# The encoder: here Pillow with flat tables of its own, as an example of what is not libjpeg's. For a program there is
# `jpegpre_tf.codecs.get_encoder("program {in} {out} {quality}").encode_bytes`.


# %%
def encode(image, quality):
    tables = [[max(1, min(255, round(800 / quality)))] * 64] * 2
    file = io.BytesIO()
    # At quality 50 Pillow writes the tables that it is given.
    Image.fromarray(image).save(file, "JPEG", quality=50, qtables=tables, subsampling="4:2:0", optimize=True)
    return file.getvalue()


# %% [markdown]
# Pairs of pictures and files are made once and kept in the run's folder; tables over 255, or tables that change with
# the picture, are noticed before. Larger networks, pairs and crops learn better: these are small to be quick.

# %%
paths = list_pictures(pictures)
config = NeuralTrainConfig(
    steps=steps,
    steps_per_epoch=steps,
    pairs=max(8, min(800, 2 * steps)),
    crop_size=64,
    large_pairs=max(4, min(400, steps)),
    large_size=96,
    channels=16,
    width=16,
    context_width=8,
)
simulator = NeuralRun(config, encode, "flat", paths, [], output / "simulator", verbose=2).train_simulator()
rate = NeuralRun(config, encode, "flat", paths, [], output / "rate", verbose=2).train_rate(simulator)

# %% [markdown]
# The preprocessor starts from a shipped one, and is told the tables that this encoder uses.

# %%
preprocessor = jpegpre_tf.Preprocessor.from_preset("balanced")
trainer = jpegpre_tf.PreprocessorTrainer(preprocessor, simulator, rate)
trainer.compile(optimizer=keras.optimizers.Adam(1e-4), loss=BDRate({"psnr_rgb": 1.0}))
data = training_dataset(paths, batch_size=2, crop_size=64, quality_range=(20, 90))
trainer.fit(data, steps_per_epoch=steps, epochs=1, verbose=2)
preprocessor.save(output / "model.keras")

# %% [markdown]
# What it is worth, with the real encoder's files: BD-rate against that encoder alone.


# %%
def curve_of(pixels, prepare):
    rates, values = [], []
    for quality in (20, 35, 55, 85):
        content = encode(prepare(pixels, quality), quality)
        error = np.mean(np.square(np.asarray(Image.open(io.BytesIO(content))).astype(float) - pixels))
        rates.append(8 * len(content) / pixels[..., 0].size)
        values.append(10 * np.log10(255**2 / error))
    return rates, values


def edited(pixels, quality):
    result = preprocessor(pixels[None], simulator.tables_at(np.array([quality], np.float32)), 1.0)[0]
    return np.asarray(result).round().clip(0, 255).astype(np.uint8)


pixels = np.ascontiguousarray(load_rgb(paths[0])[:256, :256])
alone = curve_of(pixels, lambda pixels, quality: pixels)
change = bd_rate(alone, curve_of(pixels, edited), HEADLINE).percent
print("no overlap" if change is None else f"files of {change:+.2f} % at equal PSNR before this encoder")
