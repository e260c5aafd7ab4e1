"""Rate-distortion training of the preprocessor and of tables through JPEG."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from jpegpre_tf.jpeg.tuned_tables import BASE_TABLES
from jpegpre_tf.layers._inputs import check_quality
from jpegpre_tf.layers.jpeg_simulator import JPEGSimulator
from jpegpre_tf.layers.rate_estimator import RateEstimator
from jpegpre_tf.layers.tuned_tables import TunedTables
from jpegpre_tf.losses.rate_distortion import RateDistortion
from jpegpre_tf.models.decision_graph import Decisions, rounding_graph
from jpegpre_tf.models.neural_simulator import NeuralSimulator
from jpegpre_tf.models.preprocessor import split_tables
from jpegpre_tf.ops.entropy.entropy import check_huffman
from jpegpre_tf.ops.quantization.quantization import quantization_tables
from jpegpre_tf.training.decided_file import decode_decisions, rate_of_decisions
from jpegpre_tf.training.tracked_model import Held, TrackedModel

# Of logarithms of ratios to Annex K's tables; rounding alone makes up to 0.15 at quality 95, other tables have 0.3.
_MOST_DEVIATION = 0.2


class PreprocessorTrainer(TrackedModel):
    """Trains a preprocessor end to end, and tables with it: picture, decisions, file; the loss weighs errors and bits.

    Decisions act where a carrier lets them act: quantized coefficients go straight to the decoded picture and to the
    size of the file. With a `simulator` or a `rate` (networks that learned an encoder) the picture is edited, and those
    see the edited pixels; the tables are then those that the `NeuralSimulator` learned, else Annex K's.

    Save and export the inner `preprocessor` and `tuned_tables`; the trainer itself holds nothing worth keeping.

    Args:
        preprocessor: `Preprocessor`, or a model with its call and, without `simulator` and `rate`, its `decide`; None
            where tables alone are learned, for coefficients that are rounded. Set its `trainable` to False to learn
            tables for it as it is.
        simulator: Layer `(images, quality)` -> decoded pictures. With a `rate` alone: `JPEGSimulator`.
        rate: Layer `(images, quality)` -> bits per pixel. With a `simulator` alone: `RateEstimator`.
        objective: The same as `loss` of `compile`, for code that compiles elsewhere.
        tuned_tables: `TunedTables` to be learned.
        huffman: "optimized" or "standard", of the files whose size counts.

    `compile` takes as `loss` a layer `(original, decoded, quality, rate_bpp, strength)` -> `(batch,)`, to be minimized:
    `BDRate`, or `RateDistortion`, the default. One whose `compares_with_plain` is true is given the plain file's
    decoded picture and rate as well; one whose `weighs_given` is true gets `is_given`, bool `(batch,)`: whether a
    picture's tables are in the batch and are Annex K's, as before encoders that get edited pixels; tables of other
    encoders are weighed like learned ones. Objectives with `parts` and `part_names` have those in the log.

    `fit` takes batches `(image, quality, strength)` or `(image, quality, strength, tables)`: float32 or uint8
    `(batch, height, width, 3)` samples, `(batch,)` 1..100, `(batch,)` 0..1, `(batch, 2, 8, 8)` tables 1..255, or zeros
    for the tuned ones. Without tables, tuned ones are used if there are any, else Annex K's. Objectives multiply the
    weight of rate by the strength: it is trained to mean how much rate matters.

    Raises:
        TypeError: If an argument is not of its kind.
        ValueError: If there is nothing to train, or `huffman` is neither. In `fit`: if a batch or what the loss returns
            has another shape, or qualities are outside 1..100 (in graphs tf.errors.InvalidArgumentError).

    Example:

        trainer = PreprocessorTrainer(Preprocessor(), tuned_tables=TunedTables(keeps_scale=True))
        trainer.compile(optimizer=keras.optimizers.Adam(1e-3), loss=BDRate({"ssim": 1.0}), jit_compile=True)
        trainer.fit(dataset, steps_per_epoch=100, epochs=10)
        trainer.preprocessor.save("model.keras")
        trainer.tuned_tables.to_stored().write(Path("tables.json"))
    """

    def __init__(
        self,
        preprocessor: keras.Model | None,
        simulator: keras.layers.Layer | None = None,
        rate: keras.layers.Layer | None = None,
        objective: keras.layers.Layer | None = None,
        *,
        tuned_tables: TunedTables | None = None,
        huffman: str = "optimized",
        **kwargs: Any,
    ) -> None:
        super().__init__((), **kwargs)
        if preprocessor is None and tuned_tables is None:
            raise ValueError("Give `preprocessor`, `tuned_tables` or both: there is nothing to train.")
        if preprocessor is not None and not isinstance(preprocessor, keras.Model):
            raise TypeError(f"`preprocessor` must be a Keras model. Received: {preprocessor!r}")
        for name, layer in (("simulator", simulator), ("rate", rate)):
            if layer is not None and not isinstance(layer, keras.layers.Layer):
                raise TypeError(f"`{name}` must be a Keras layer (images, quality). Received: {layer!r}")
        if tuned_tables is not None and not isinstance(tuned_tables, TunedTables):
            raise TypeError(
                "`tuned_tables` must be a jpegpre_tf.layers.TunedTables; those of a file become one by "
                f"`TunedTables.from_stored`. Received: {type(tuned_tables).__name__}"
            )
        edits = simulator is not None or rate is not None
        if preprocessor is not None and not edits and not hasattr(preprocessor, "decide"):
            raise TypeError(
                "`preprocessor` must have `decide`, as Preprocessor has, or go with a `simulator` or a `rate`. "
                f"Received: {preprocessor!r}"
            )
        if edits and preprocessor is None:
            raise ValueError("`simulator` and `rate` see edited pixels, and need a `preprocessor`.")
        self.preprocessor: Any = preprocessor
        self.simulator: Any = simulator or (JPEGSimulator(jit_compile=True) if edits else None)
        self.rate: Any = rate or (RateEstimator(jit_compile=True) if edits else None)
        self.tuned_tables: Any = tuned_tables
        if tuned_tables is not None:
            tuned_tables.build()
        self.huffman = check_huffman(huffman)
        self._objective: Held[keras.layers.Layer | None] = Held(None)
        self._set_objective(objective or RateDistortion())
        self.build()

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        loss: keras.layers.Layer | None = None,
        **options: Any,
    ) -> None:
        """As in Keras; `loss` is an objective, see the class.

        Raises:
            ValueError: If a whole step is to be compiled with XLA for several devices, which TensorFlow cannot.
        """
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1 and options.get("jit_compile") is True:
            raise ValueError(
                f"`jit_compile` must be False for a strategy of several devices. Received: True, {replicas} devices"
            )
        if loss is not None:
            self._set_objective(loss)
        super().compile(optimizer=optimizer, **options)

    def save(self, *_: object, **__: object) -> None:
        """Refused before a file is begun.

        Raises:
            NotImplementedError: Always; the message says what to save instead.
        """
        raise NotImplementedError(
            "a trainer cannot be saved: save `trainer.preprocessor` and write `trainer.tuned_tables.to_stored()`; "
            "give `ModelCheckpoint` `save_weights_only=True`"
        )

    def _set_objective(self, objective: Any) -> None:
        if not callable(objective) or isinstance(objective, (keras.losses.Loss, type)):
            raise TypeError(
                "`loss` must be a layer (original, decoded, quality, rate_bpp, strength) -> (batch,), such as BDRate. "
                f"Received: {objective!r}"
            )
        self._objective.value = objective
        self.set_names(("loss", "loss_median", "rate_bpp", "psnr", *getattr(objective, "part_names", ())))

    @property
    def objective(self) -> keras.layers.Layer:
        """What is minimized: the `loss` of `compile`."""
        return self._objective.value

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """Of the preprocessor, then of the tables; not of the networks that stand for an encoder."""
        models = (self.preprocessor, self.tuned_tables)
        return [variable for model in models if model is not None for variable in model.trainable_variables]

    def tables_for(self, quality: tf.Tensor, given: tf.Tensor | None = None) -> tf.Tensor:
        """Target tables of a batch, float32 (batch, 2, 8, 8).

        Args:
            quality: float32 (batch,).
            given: float32 (batch, 2, 8, 8); zeros stand for the tuned ones.
        """
        own = quantization_tables(quality) if self.tuned_tables is None else self.tuned_tables(quality)
        if given is None:
            return own
        given = tf.cast(given, tf.float32)
        if given.shape.rank != 4 or list(given.shape[1:]) != [2, 8, 8]:
            raise ValueError(f"`tables` must have shape (batch, 2, 8, 8). Received: shape={given.shape}")
        return tf.where(_is_given(given)[:, None, None, None], given, own)

    def compute(self, data: Any, training: bool) -> tuple[tf.Tensor, Mapping[str, tf.Tensor]]:
        image, quality, strength, *given = _parts_of(data)
        image = tf.cast(image, tf.float32)
        quality = check_quality(image, quality)
        strength = tf.reshape(tf.cast(strength, tf.float32), [-1])
        if self.simulator is None:
            tables = self.tables_for(quality, *given)
            decisions = self._decide(image, tables, strength, training)
            decoded, rate_bpp = decode_decisions(decisions, tables), self._rate(decisions, tables)
        else:
            edited = self.preprocessor(image, self._tables_of_encoder(quality), strength, training=training)
            decoded, rate_bpp = self.simulator(edited, quality), self.rate(edited, quality)
        plain = []
        if getattr(self.objective, "compares_with_plain", False):
            plain = [tf.stop_gradient(part) for part in self._plain(image, quality)]
        arguments = (image, decoded, quality, rate_bpp, strength, *plain)
        # Only an objective that asks for it gets it.
        options = {}
        if getattr(self.objective, "weighs_given", False) and given:
            options["is_given"] = _is_standard(given[0])
        if hasattr(self.objective, "parts"):
            parts = dict(self.objective.parts(*arguments, **options))
            losses = parts.pop("loss")
        else:
            parts, losses = {}, self.objective(*arguments, **options)
        losses = _check_losses(losses)
        mse = tf.reduce_mean(tf.square(decoded - image), axis=[1, 2, 3])
        psnr = 10.0 * tf.math.log(255.0**2 / tf.maximum(mse, 1e-6)) / tf.math.log(10.0)
        values = {"loss": losses, "loss_median": _median(losses), "rate_bpp": rate_bpp, "psnr": psnr}
        return tf.reduce_mean(losses), values | parts

    def _tables_of_encoder(self, quality: tf.Tensor) -> tf.Tensor:
        """What the decisions are made for where pixels are edited: the tables that the encoder will use."""
        if isinstance(self.simulator, NeuralSimulator):
            return self.simulator.tables_at(quality)
        return quantization_tables(quality)

    def _decide(self, image: tf.Tensor, tables: tf.Tensor, strength: tf.Tensor, training: bool) -> Decisions:
        if self.preprocessor is not None:
            return self.preprocessor.decide(image, tables, strength, training=training)
        return _round(image, tables, training)

    def _rate(self, decisions: Decisions, tables: tf.Tensor) -> tf.Tensor:
        return rate_of_decisions(decisions, tables, self.huffman)

    def _plain(self, image: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the encoder makes of the picture as it is: decoded, and bits per pixel."""
        if self.simulator is not None:
            return self.simulator(image, quality), self.rate(image, quality)
        tables = quantization_tables(quality)
        decisions = _round(image, tables, training=False)
        return decode_decisions(decisions, tables), self._rate(decisions, tables)

    def call(self, image: Any, tables: Any, strength: Any = 1.0) -> tf.Tensor:
        return self.preprocessor(image, tables, strength)


def _parts_of(data: Any) -> tuple[Any, ...]:
    """Image, quality, strength and maybe tables of a batch; arrays may have come to `fit` as one tuple."""
    parts = data[0] if isinstance(data, (tuple, list)) and len(data) == 1 else data
    if not isinstance(parts, (tuple, list)) or len(parts) not in (3, 4):
        found = f"{len(parts)} parts" if isinstance(parts, (tuple, list)) else type(parts).__name__
        raise ValueError(
            "batches must be (image, quality, strength) or (image, quality, strength, tables). "
            f"Received: {found}"
        )
    return tuple(parts)


def _check_losses(losses: Any) -> tf.Tensor:
    losses = tf.convert_to_tensor(losses)
    if losses.shape.rank not in (1, None):
        raise ValueError(
            f"`loss` must return one number for each picture, shape (batch,). Received: shape={losses.shape}"
        )
    return losses


def _round(image: tf.Tensor, tables: tf.Tensor, training: bool) -> Decisions:
    return rounding_graph().decide(image, *split_tables(tables), tf.ones([1, 1, 1, 1]), training=training)


def _is_standard(tables: tf.Tensor) -> tf.Tensor:
    """Which of the given tables are Annex K's at some quality: all entries of one ratio to it, but for rounding."""
    given = tf.cast(tables, tf.float32)
    ratios = tf.math.log(tf.maximum(given, 1.0)) - tf.constant(np.log(BASE_TABLES), tf.float32)
    # Entries at 255 may have been cut off there.
    counted = tf.cast(given < 255.0, tf.float32)
    counts = tf.maximum(tf.reduce_sum(counted, axis=[1, 2, 3]), 1.0)
    means = tf.reduce_sum(ratios * counted, axis=[1, 2, 3]) / counts
    squares = tf.square(ratios - means[:, None, None, None]) * counted
    variances = tf.reduce_sum(squares, axis=[1, 2, 3]) / counts
    return _is_given(given) & (variances < _MOST_DEVIATION**2)


def _is_given(tables: tf.Tensor) -> tf.Tensor:
    """Whether a picture's tables, (batch, 2, 8, 8), are more than zeros: bool (batch,)."""
    return tf.reduce_max(tables, axis=[1, 2, 3]) > 0


def _median(values: tf.Tensor) -> tf.Tensor:
    """Of (batch,); between the middle two of an even number."""
    ordered = tf.sort(values)
    count = tf.shape(values)[0]
    return 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])
