"""The shipped model with ONNX Runtime alone, without this package: what an application in any language has to do.

python export/run_onnx.py savedmodels/balanced/onnx/int8.onnx photo.png smaller.jpg 75
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image

model, source, target, quality = sys.argv[1:5]
picture = Image.open(source).convert("RGB")
# The tables that this encoder will use, read from a file that it wrote: natural order.
picture.resize((16, 16)).save(target, quality=int(quality))
tables = [np.float32(table).reshape(1, 1, 1, 64) for table in Image.open(target).quantization.values()]
pixels = np.asarray(picture)
height, width = pixels.shape[:2]
# Blocks of 16: repeat the last row and column as encoders do, and cut off afterwards.
padded = np.pad(pixels, ((0, -height % 16), (0, -width % 16), (0, 0)), mode="edge")[np.newaxis]
session = onnxruntime.InferenceSession(model)
is_uint8 = session.get_inputs()[0].type == "tensor(uint8)"
inputs = {
    "image": padded.astype(np.uint8 if is_uint8 else np.float32),
    "strength": np.ones((1, 1, 1, 1), np.float32),
}
inputs |= {"luma_table": tables[0], "chroma_table": tables[1]}
edited = Image.fromarray(session.run(["output"], inputs)[0][0, :height, :width].astype(np.uint8))
edited.save(target, quality=int(quality), optimize=True)
