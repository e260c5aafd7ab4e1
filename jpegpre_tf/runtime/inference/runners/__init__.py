"""What runs an exported network on single tiles: LiteRT, ONNX Runtime."""
