"""The preprocessing network."""

import os
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf

from jpegpre_tf.layers._inputs import (
    PlainArguments,
    as_numbers,
    check_images,
    check_range,
    check_whole_number,
)
from jpegpre_tf.layers.dead_zone import GATES, ZERO_SPAN, DeadZone
from jpegpre_tf.models.decision_graph import FEATURES, DecisionGraph, Decisions
from jpegpre_tf.models.exported_inputs import PICTURE, ExportedInputs
from jpegpre_tf.models.gate_network import GateNetworkArguments, build_gate_network
from jpegpre_tf.models.loading import load_preset
from jpegpre_tf.ops.tensor_like import TensorLike


@keras.saving.register_keras_serializable(package="jpegpre_tf")
class Preprocessor(PlainArguments, ExportedInputs, keras.Model):
    """Decides what a JPEG file shall hold, and edits a picture so that an encoder writes fewer bytes for it.

    Works on the encoder's own grid: 8x8 DCT coefficients of Y and of box-averaged Cb and Cr (4:2:0), in quantization
    steps. A small network looks at the magnitudes of a block and its neighbors, and at the tables, and sets thresholds
    under which coefficients move to the cheaper integer (`DeadZone`). Calling the model returns edited pixels: the
    inverse DCT of the change is added to the picture. It cannot invent detail, and it is the identity at strength 0,
    and in blocks so near white or black that their pixels could not hold the change. `decide` returns the integers
    themselves, those of white and black areas beyond what pixels can hold, since decoders cut that off; `carrier` a
    picture that makes an encoder write them.

    Args:
        channels: Width of the luma network (per 8x8 block) and of the chroma network (per 16x16 pixels).
        spatial_blocks, mixing_blocks: Residual blocks of the luma network with and without a view of the neighbors.
        chroma_mixing_blocks: Residual blocks of the chroma network.
        zero_span: Range of thresholds, see `DeadZone`.
    Call arguments:
        image: float or uint8 `(batch, height, width, 3)`, RGB samples 0..255; height and width multiples of 16.
        tables: `(batch, 2, 8, 8)` or `(2, 8, 8)`, 1..255: luma and chroma tables of the file, in natural order.
        strength: A number, `(batch,)`, `(batch, 1)` or `(batch, 1, 1, 1)`, 0..1; 0 = picture untouched, 1 = as
            trained.
        training: Hard decisions with a gradient, and a result that is not rounded (`JPEGSimulator` rounds).
    Returns:
        float32, shape of `image`: RGB samples 0..255, integers unless training.
    Raises:
        ValueError: If a shape is another, or a value out of range (in graphs tf.errors.InvalidArgumentError).

    Example:

        preprocessor = jpegpre_tf.Preprocessor.from_preset("balanced")
        tables = np.stack(jpegpre_tf.jpeg.quantization_tables(75))
        edited = preprocessor(images, tables, strength=1.0)
    """

    INPUTS: ClassVar = {"image": PICTURE, "tables": (None, 2, 8, 8), "strength": (None,)}

    def __init__(
        self,
        channels: int = 48,
        spatial_blocks: int = 1,
        mixing_blocks: int = 1,
        chroma_mixing_blocks: int = 1,
        zero_span: float = ZERO_SPAN,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "autocast": False})
        sizes = (channels, spatial_blocks, mixing_blocks, chroma_mixing_blocks)
        names = ("channels", "spatial_blocks", "mixing_blocks", "chroma_mixing_blocks")
        for name, size, least in zip(names, sizes, (1, 0, 0, 0), strict=True):
            check_whole_number(name, size, least)
        self.channels = channels
        self.spatial_blocks = spatial_blocks
        self.mixing_blocks = mixing_blocks
        self.chroma_mixing_blocks = chroma_mixing_blocks
        self.zero_span = zero_span
        self.luma_network, self.chroma_network = (
            build_gate_network(keras, **arguments) for arguments in self.network_arguments().values()
        )
        self.dead_zone = DeadZone(zero_span, name="dead_zone")
        self.build()

    def build(self, *_: Any, **__: Any) -> None:
        """Nothing depends on the inputs' shapes: the networks are functional models, with weights from the start."""

    def network_arguments(self) -> dict[str, GateNetworkArguments]:
        """Arguments of `build_gate_network` for "luma" and "chroma", so that the networks can be built elsewhere."""
        luma: GateNetworkArguments = {
            "inputs": FEATURES,
            "outputs": GATES,
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "mixing_blocks": self.mixing_blocks,
            "name": "luma",
        }
        # The chroma network sees Cb, Cr and the mean of the four luma blocks above them.
        chroma: GateNetworkArguments = {
            "inputs": 3 * FEATURES,
            "outputs": 2 * GATES,
            "channels": self.channels,
            "spatial_blocks": 0,
            "mixing_blocks": self.chroma_mixing_blocks,
            "name": "chroma",
        }
        return {"luma": luma, "chroma": chroma}

    @property
    def graph(self) -> DecisionGraph:
        """What this model computes, with its networks."""

        def gates(network: Any) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
            # Networks may compute in half precision; thresholds are compared in float32.
            return lambda features, condition: tf.sigmoid(tf.cast(network([features, condition]), tf.float32))

        return DecisionGraph(gates(self.luma_network), gates(self.chroma_network), self.dead_zone)

    def call(self, image: Any, tables: Any, strength: Any = 1.0, training: bool = False) -> tf.Tensor:
        image = _check_image(image)
        inputs = _conditions(image, tables, strength)
        edited = self.graph.edit(image, *inputs, training=training, offset=0.0 if training else 0.5)
        if training:
            return edited
        # Not tf.round: mobile GPUs have floor only, and they differ at exact ties alone.
        return tf.clip_by_value(tf.floor(edited), 0.0, 255.0)

    def decide(
        self, image: TensorLike, tables: TensorLike, strength: TensorLike = 1.0, training: bool = False
    ) -> Decisions:
        """What the file shall hold; arguments as in the call.

        Args:
            training: Whether gradients are wanted, for the weights and for `tables`; the integers are the same.
        """
        image = _check_image(image)
        return self.graph.decide(image, *_conditions(image, tables, strength), training=training)

    def carrier(
        self, image: TensorLike, tables: TensorLike, strength: TensorLike, encoder_tables: TensorLike
    ) -> tf.Tensor:
        """The picture that makes an encoder write `decide`'s integers: uint8 values as float32, shape of `image`.

        Args:
            image, tables, strength: As in the call.
            encoder_tables: Tables that the encoder uses, in the shapes that `tables` may have.
        """
        carrier = self.graph.carrier(
            _check_image(image),
            *split_tables(tables),
            _per_picture(strength),
            *split_tables(encoder_tables),
            offset=0.5,
        )
        return tf.clip_by_value(tf.floor(carrier), 0.0, 255.0)

    def multiply_adds(self) -> dict[str, float]:
        """Multiply-adds per pixel of the two networks, without the transforms."""
        return {
            name: sum(int(tf.size(kernel)) for kernel in _kernels(network)) / pixels
            for name, network, pixels in (
                ("luma", self.luma_network, 64.0),
                ("chroma", self.chroma_network, 256.0),
            )
        }

    @classmethod
    def from_preset(cls, name_or_path: str | os.PathLike[str]) -> "Preprocessor":
        """A trained one: of the package by name, or from a path.

        Args:
            name_or_path: "balanced", "fidelity", "perceptual", or what `models.loading.load_preset` takes: a folder
                with a model.json, the folder of a training run, or a .keras file.

        Raises:
            ModelError: If there is none, or its file is not the one whose hash its model.json names.
        """
        model: Preprocessor = load_preset(name_or_path, cls, "preprocessor")
        return model

    def compute_output_shape(self, image_shape: Any) -> Any:
        return image_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "channels": self.channels,
            "spatial_blocks": self.spatial_blocks,
            "mixing_blocks": self.mixing_blocks,
            "chroma_mixing_blocks": self.chroma_mixing_blocks,
            "zero_span": self.zero_span,
        }


def split_tables(tables: TensorLike) -> tuple[tf.Tensor, tf.Tensor]:
    """Luma and chroma, float32 `(batch or 1, 1, 1, 64)`, of `(batch, 2, 8, 8)` or `(2, 8, 8)`.

    Raises:
        ValueError: If the shape is another, or an entry outside of 1..255.
    """
    tables = as_numbers("tables", tables)
    if tables.shape.rank not in (3, 4) or list(tables.shape[-3:]) != [2, 8, 8]:
        raise ValueError(
            f"`tables` must have shape (batch, 2, 8, 8) or (2, 8, 8). Received: shape={tables.shape}"
        )
    both = tf.reshape(check_range("tables", tables, 1, 255), [-1, 2, 1, 1, 64])
    return both[:, 0], both[:, 1]


def _conditions(image: tf.Tensor, tables: Any, strength: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Tables and strength as the graph takes them: one for all pictures, or one for each."""
    found = (*split_tables(tables), _per_picture(strength))
    for name, tensor in zip(("tables", "tables", "strength"), found, strict=True):
        count = tensor.shape[0]
        if count != 1 and not image.shape[:1].is_compatible_with([count]):
            raise ValueError(
                f"`{name}` must be one for all pictures, or one for each of {image.shape[0]}. Received: {count}"
            )
    return found


def _per_picture(strength: Any) -> tf.Tensor:
    strength = tf.reshape(as_numbers("strength", strength), [-1, 1, 1, 1])
    return check_range("strength", strength, 0, 1)


def _check_image(image: Any) -> tf.Tensor:
    image = tf.convert_to_tensor(image)
    sides = list(image.shape[1:3]) if image.shape.rank == 4 else [1]
    if image.shape.rank != 4 or image.shape[-1] != 3 or any(side is not None and side % 16 for side in sides):
        raise ValueError(
            "`image` must have shape (batch, height, width, 3), height and width multiples of 16. "
            f"Received: shape={image.shape}"
        )
    return check_images(image)


def _kernels(network: Any) -> list[Any]:
    """Of the layers that run once per block, not once per picture."""
    return [
        variable
        for variable in network.trainable_variables
        if variable.path.endswith("kernel") and "_tables" not in variable.path
    ]
