"""A shipped model with LiteRT alone, without this package: what an application in any language has to do.

python export/run_tflite.py savedmodels/balanced/tflite/int8.tflite photo.png smaller.jpg 75
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

model, source, target, quality = sys.argv[1:5]
picture = np.asarray(Image.open(source).convert("RGB"))
height, width = picture.shape[:2]
# Blocks of 16: repeat the last row and column as encoders do, and cut off afterwards.
padded = np.pad(picture, ((0, -height % 16), (0, -width % 16), (0, 0)), mode="edge")[np.newaxis]
interpreter = Interpreter(model)
details = interpreter.get_signature_runner().get_input_details()["image"]
interpreter.resize_tensor_input(details["index"], padded.shape)
interpreter.allocate_tensors()
edited = interpreter.get_signature_runner()(
    image=padded.astype(details["dtype"]),
    quality=np.full((1, 1, 1, 1), float(quality), np.float32),
    strength=np.ones((1, 1, 1, 1), np.float32),
)["output"]
Image.fromarray(edited[0, :height, :width].astype(np.uint8)).save(target, quality=int(quality), optimize=True)
