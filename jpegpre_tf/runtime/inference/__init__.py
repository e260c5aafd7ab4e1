"""Networks on LiteRT or ONNX Runtime: model folders, sessions, tiles."""
