"""A shipped model with ONNX Runtime alone, without this package: what an application in any language has to do.

python export/run_onnx.py savedmodels/balanced/onnx/int8.onnx photo.png smaller.jpg 75
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image

model, source, target, quality = sys.argv[1:5]
session = onnxruntime.InferenceSession(model)
picture = np.asarray(Image.open(source).convert("RGB"))
height, width = picture.shape[:2]
# Blocks of 16: repeat the last row and column as encoders do, and cut off afterwards.
padded = np.pad(picture, ((0, -height % 16), (0, -width % 16), (0, 0)), mode="edge")
levels = np.uint8 if session.get_inputs()[0].type == "tensor(uint8)" else np.float32
(edited,) = session.run(
    ["output"],
    {
        "image": padded[np.newaxis].astype(levels),
        "quality": np.full((1, 1, 1, 1), float(quality), np.float32),
        "strength": np.ones((1, 1, 1, 1), np.float32),
    },
)
Image.fromarray(edited[0, :height, :width].astype(np.uint8)).save(target, quality=int(quality), optimize=True)
