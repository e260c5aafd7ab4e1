"""The shipped model with LiteRT alone, without this package: what an application in any language has to do.

python export/run_tflite.py savedmodels/balanced/tflite/int8.tflite photo.png smaller.jpg 75
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
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
edit = Interpreter(model).get_signature_runner("edit")
image = padded.astype(edit.get_input_details()["image"]["dtype"])
strength = np.ones((1, 1, 1, 1), np.float32)
output = edit(image=image, luma_table=tables[0], chroma_table=tables[1], strength=strength)["output"]
edited = Image.fromarray(output[0, :height, :width].astype(np.uint8))
edited.save(target, quality=int(quality), optimize=True)
