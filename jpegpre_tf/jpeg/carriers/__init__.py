"""The picture that makes an ordinary encoder write given coefficients, and what finishes the encoder's file."""
