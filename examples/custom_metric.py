# %% [markdown]
# # A metric of your own as the objective
#
# An objective is a Keras layer: original, decoded, quality, rate and strength to one loss per picture. Here it is the
# error of edges, weighed against bits. Run it as `python examples/custom_metric.py PICTURES OUTPUT STEPS`.

# %%
import sys
from pathlib import Path

import keras
import tensorflow as tf

import jpegpre_tf
from jpegpre_tf.training.data.crops import list_pictures, training_dataset

# A script's arguments; in a notebook, what you put here.
arguments = ["photos/", "run/", "2000"] if "ipykernel" in sys.modules else sys.argv[1:]
pictures, output, steps = Path(arguments[0]), Path(arguments[1]), int(arguments[2])


# %%
@keras.saving.register_keras_serializable(package="example")
class EdgeError(keras.layers.Layer):
    """Squared error of differences between neighbors, plus bits per pixel times their weight."""

    def __init__(self, rate_weight: float = 50.0, **kwargs):
        super().__init__(**kwargs)
        self.rate_weight = rate_weight

    def call(self, original, decoded, quality, rate_bpp, strength):
        vertical, horizontal = tf.image.image_gradients(decoded - original)
        error = tf.reduce_mean(tf.square(vertical) + tf.square(horizontal), axis=[1, 2, 3])
        # Strength is trained to mean how much rate matters.
        return error + strength * self.rate_weight * rate_bpp


# %%
trainer = jpegpre_tf.PreprocessorTrainer(jpegpre_tf.Preprocessor(channels=16))
trainer.compile(optimizer=keras.optimizers.Adam(1e-3), loss=EdgeError())
data = training_dataset(list_pictures(pictures), batch_size=4, crop_size=64, quality_range=(20, 90))
history = trainer.fit(data, steps_per_epoch=steps, epochs=1, verbose=2).history
output.mkdir(parents=True, exist_ok=True)
trainer.preprocessor.save(output / "model.keras")
print(f"loss {history['loss'][-1]:.2f}, {history['rate_bpp'][-1]:.3f} bits per pixel")
