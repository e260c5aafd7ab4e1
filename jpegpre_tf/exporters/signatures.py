"""What exported files offer: names, shapes and meaning of every input and output, once for all formats."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from jpegpre_tf.models.decision_graph import DecisionGraph

EDIT, CARRIER, DECIDE = "edit", "carrier", "decide"
TABLE_INPUTS = ("luma_table", "chroma_table")
ENCODER_TABLE_INPUTS = ("encoder_luma_table", "encoder_chroma_table")
# Signature -> inputs besides `image`, in order.
INPUTS: dict[str, tuple[str, ...]] = {
    EDIT: (*TABLE_INPUTS, "strength"),
    CARRIER: (*TABLE_INPUTS, "strength", *ENCODER_TABLE_INPUTS),
    DECIDE: (*TABLE_INPUTS, "strength"),
}
# Signature -> outputs.
OUTPUTS: dict[str, tuple[str, ...]] = {
    EDIT: ("output",),
    CARRIER: ("output",),
    DECIDE: ("luma", "chroma"),
}
DESCRIPTION = (
    "edits a picture so that a JPEG encoder writes fewer bytes for it, or decides what the file shall hold"
)
_SAMPLES = "RGB samples 0..255"
_TABLE = "levels per step 1..255, natural order"
DESCRIPTIONS = {
    "image": f"{_SAMPLES}; height and width multiples of 16, padded by repeating the last row and column",
    "luma_table": f"luma table that the decoder will use: {_TABLE}",
    "chroma_table": f"chroma table that the decoder will use: {_TABLE}",
    "strength": "0 = nothing but rounding, 1 = as trained",
    "encoder_luma_table": f"luma table that the encoder of the carrier will use: {_TABLE}",
    "encoder_chroma_table": f"chroma table that the encoder of the carrier will use: {_TABLE}",
    "output": f"{_SAMPLES}, whole numbers",
    "luma": "quantized coefficients of Y, 64 of each 8x8 block, ordered by row + column, then by row",
    "chroma": "quantized coefficients of Cb, then of Cr, 64 each of 16x16 pixels, in the same order",
}


def shape_of(name: str) -> tuple[int, ...]:
    """Shape of an input that does not depend on the picture."""
    return (1, 1, 1, 1) if name == "strength" else (1, 1, 1, 64)


def input_specs(signature: str, image: tf.TensorSpec) -> list[tf.TensorSpec]:
    """Specifications of all inputs of a signature, `image` first."""
    others = [tf.TensorSpec(shape_of(name), tf.float32, name=name) for name in INPUTS[signature]]
    return [image, *others]


def signature_function(
    graph: DecisionGraph, signature: str, *, takes_uint8: bool, rounds: bool
) -> Callable[..., dict[str, tf.Tensor]]:
    """The function of a signature: of its inputs in order, to its outputs by name.

    Args:
        graph: What is exported.
        signature: "edit", "carrier" or "decide".
        takes_uint8: Whether `image` and `output` are uint8; else float32.
        rounds: Whether a uint8 output is rounded by this function; otherwise the caller's conversion does that.
    """

    def call(image: tf.Tensor, *others: tf.Tensor) -> dict[str, tf.Tensor]:
        image = tf.cast(image, tf.float32)
        if signature == DECIDE:
            luma, cb, cr = graph.quantize(image, *others)
            return {"luma": luma, "chroma": tf.concat([cb, cr], axis=-1)}
        run: Any = graph.edit if signature == EDIT else graph.carrier
        samples = run(image, *others, offset=0.5 if rounds else 0.0)
        if takes_uint8:
            # The cast truncates, so no pass over the picture rounds.
            return {"output": tf.cast(tf.minimum(tf.nn.relu(samples), 255.0), tf.uint8)}
        # Not tf.round: mobile GPUs have floor only, and they differ at exact ties alone.
        return {"output": tf.clip_by_value(tf.floor(samples), 0.0, 255.0)}

    return call
