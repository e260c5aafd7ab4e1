# %% [markdown]
# # Exact JPEG inside a Keras model
#
# `JPEGSimulator` decodes as libjpeg-turbo does, sample by sample, and `RateEstimator` counts the file's bits, to the
# byte; both pass gradients. Here a small network learns to restore compressed pictures: compression is a layer of its
# model. Run it as `python examples/keras_layers_in_my_model.py PICTURES OUTPUT STEPS`.

# %%
import sys
from pathlib import Path

import keras
import numpy as np

import jpegpre_tf
from jpegpre_tf.training.data.crops import list_pictures, load_rgb

# A script's arguments; in a notebook, what you put here.
arguments = ["photos/", "run/", "20"] if "ipykernel" in sys.modules else sys.argv[1:]
pictures, output, steps = Path(arguments[0]), Path(arguments[1]), int(arguments[2])

# %%
crops = np.stack([load_rgb(path)[:64, :64] for path in list_pictures(pictures)]).astype(np.float32)

# %% [markdown]
# The layers take symbolic tensors, so they go into functional models; one quality serves a whole batch.

# %%
picture = keras.Input((None, None, 3))
compressed = jpegpre_tf.JPEGSimulator()(picture, quality=20)
rate_bpp = jpegpre_tf.RateEstimator()(picture, quality=20)
x = keras.layers.Rescaling(1 / 255)(compressed)
x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
x = keras.layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros")(x)
restored = keras.layers.Add()([compressed, keras.layers.Rescaling(255.0)(x)])
model = keras.Model(picture, restored)
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
loss = model.fit(crops, crops, epochs=steps, verbose=2).history["loss"]

# %%
output.mkdir(parents=True, exist_ok=True)
model.save(output / "restore.keras")
rates = keras.Model(picture, rate_bpp).predict(crops, verbose=0)
print(f"squared error {loss[0]:.1f} -> {loss[-1]:.1f}, files of {rates.mean():.3f} bits per pixel")
