# %% [markdown]
# # Quantization tables for pictures, a metric and a bitrate of your own
#
# Every encoder that takes tables can use these: no network is needed. Learns them through exact JPEG for what is
# wanted (here SSIM around 0.6 bits per pixel), and measures them with real files. `jpegpre train-tables` does the same
# on the command line. Run it as `python examples/learn_tables.py PICTURES OUTPUT STEPS`.

# %%
import io
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

import jpegpre_tf
from jpegpre_tf.evaluation.bd_rate import HEADLINE, bd_rate
from jpegpre_tf.layers import TunedTables
from jpegpre_tf.losses import BDRate
from jpegpre_tf.losses.metrics import METRICS
from jpegpre_tf.training.data.crops import list_pictures, load_rgb, training_dataset

# A script's arguments; in a notebook, what you put here.
arguments = ["photos/", "run/", "600"] if "ipykernel" in sys.modules else sys.argv[1:]
pictures, output, steps = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
METRIC, BITRATE = "ssim", 0.6

# %% [markdown]
# Which quality is that bitrate on these pictures? `RateEstimator` counts files to the byte without writing them.

# %%
paths = list_pictures(pictures)
crops = np.stack([load_rgb(path)[:128, :128] for path in paths])
rate = jpegpre_tf.RateEstimator()
rates = {quality: float(tf.reduce_mean(rate(crops, quality))) for quality in (15, 30, 45, 60, 75)}
quality = min(rates, key=lambda quality: abs(rates[quality] - BITRATE))
print(f"{BITRATE} bits per pixel: about quality {quality}, {rates[quality]:.2f}")

# %% [markdown]
# Tables of all qualities are learned at once; those around this one are trained. Their scale is kept: at equal rate a
# loss hardly notices where on the curve a file lies. An entry for which the pictures hold nothing but zeros has no
# slope; it is pulled finer where that would pay (`ops/quantization/silent_entries.py`).

# %%
tables = TunedTables(keeps_scale=True)
trainer = jpegpre_tf.PreprocessorTrainer(None, tuned_tables=tables)
trainer.compile(optimizer=keras.optimizers.Adam(1e-2), loss=BDRate({METRIC: 1.0}))
around = (quality - 10, quality + 10)
data = training_dataset(paths, batch_size=4, crop_size=64, quality_range=around)
trainer.fit(data, steps_per_epoch=steps, epochs=1, verbose=2)
output.mkdir(parents=True, exist_ok=True)
stored = tables.to_stored(fitted_by="examples/learn_tables.py", data=str(pictures)).limit_fine_steps()
stored.write(output / "tables.json")  # for `jpegpre encode --tables`, and for the layer's `from_stored`

# %% [markdown]
# The proof is in files: Pillow with these tables against Pillow with its own, by BD-rate of the metric.


# %%
def curve_of(pixels, tables_at):
    rates, values = [], []
    for q in np.linspace(*around, 5).round().astype(int):
        # At quality 50 Pillow writes the tables that it is given.
        given = [table.ravel().tolist() for table in tables_at(int(q))]
        file = io.BytesIO()
        Image.fromarray(pixels).save(
            file, "JPEG", quality=50, qtables=given, subsampling="4:2:0", optimize=True
        )
        decoded = np.asarray(Image.open(file))
        rates.append(8 * len(file.getvalue()) / pixels[..., 0].size)
        both = (tf.constant(samples[None], tf.float32) for samples in (pixels, decoded))
        values.append(float(METRICS[METRIC](*both)[0]))
    return rates, values


changes = []
for path in paths:
    pixels = np.ascontiguousarray(load_rgb(path)[:256, :256])
    plain = curve_of(pixels, jpegpre_tf.jpeg.quantization_tables)
    changes.append(bd_rate(plain, curve_of(pixels, stored.tables), HEADLINE).percent)
measured = [change for change in changes if change is not None]
print(f"{METRIC}: files of {np.mean(measured):+.2f} % at equal score, {len(measured)} pictures")
