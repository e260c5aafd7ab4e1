"""What the eye sees of an error, with gradients: HVS-M, structural similarity, SSIMULACRA2."""
