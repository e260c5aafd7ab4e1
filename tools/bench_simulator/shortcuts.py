"""What usual simplifications of a JPEG simulation cost: each against the real decode."""

import numpy as np
import tensorflow as tf

from jpegpre_tf.ops import color, dct, pipeline, real_dct
from jpegpre_tf.ops.quantization import from_blocks, quantization_tables
from tools.bench_simulator.common import crops, decode, encode, print_table


def _all_float(images: tf.Tensor, tables: tf.Tensor, cubic: bool = False) -> tf.Tensor:
    """No rounding but the coefficients', nearest chroma: what most differentiable JPEGs do."""
    ycc = real_dct.rgb_to_ycc(images)
    planes = [ycc[..., :1] - 128.0, *tf.split(tf.nn.avg_pool2d(ycc[..., 1:], 2, 2, "VALID"), 2, axis=3)]
    decoded = []
    for component, plane in enumerate(planes):
        table = tf.reshape(tables[:, min(component, 1)], [-1, 1, 1, 64])
        steps = real_dct.forward(plane) / table
        rounded = tf.round(steps)
        if cubic:
            rounded += (steps - rounded) ** 3
        decoded.append(real_dct.inverse(rounded * table))
    chroma = [tf.repeat(tf.repeat(plane, 2, axis=1), 2, axis=2) for plane in decoded[1:]]
    return real_dct.ycc_to_rgb(tf.concat([decoded[0] + 128.0, *chroma], axis=-1))


def _nearest_chroma(images: tf.Tensor, tables: tf.Tensor) -> tf.Tensor:
    """Exact, but chroma is replicated."""
    steps, _ = pipeline.encode(images, tables, "4:2:0", "identity")
    planes = [
        dct.inverse_dct(from_blocks(plane * tables[:, min(component, 1), None, :, None, :]))
        for component, plane in enumerate(steps)
    ]
    chroma = [tf.repeat(tf.repeat(plane, 2, axis=1), 2, axis=2) for plane in planes[1:]]
    return color.ycc_to_rgb(planes[0], *chroma)


SIMULATORS = {
    "ours": lambda images, tables: pipeline.simulate(images, tables, "4:2:0", "identity"),
    "nearest chroma": _nearest_chroma,
    "all float": _all_float,
    "all float, cubic in the forward pass": lambda images, tables: _all_float(images, tables, cubic=True),
}


def shortcuts(folder: str, limit: int) -> None:
    """Equal samples and PSNR against the real decode, 4:2:0."""
    images = crops(folder, limit)
    rows = []
    for name, simulator in SIMULATORS.items():
        cells = []
        for quality in (10, 50, 95):
            tables = quantization_tables(tf.fill([len(images)], float(quality)))
            ours = tf.clip_by_value(simulator(tf.constant(images, tf.float32), tables), 0, 255).numpy()
            real = np.stack([decode(encode(image, quality)) for image in images])
            equal = np.mean(np.round(ours) == real)
            error = np.mean((ours - real) ** 2)
            # The mistake about how good the decoded picture is, which a training would believe.
            claimed = np.mean((ours - images) ** 2) / np.mean((real.astype(np.float64) - images) ** 2)
            psnr = "exact" if error == 0 else f"{10 * np.log10(255**2 / error):.1f} dB"
            cells.append(f"{100 * equal:.1f} %, {psnr}, {-10 * np.log10(claimed):+.2f} dB")
        rows.append((name, *cells))
    title = "Shortcuts: equal samples, PSNR against the real decode, error of the decoded picture's own PSNR"
    print_table(title, ("simulator", "q10", "q50", "q95"), rows)
