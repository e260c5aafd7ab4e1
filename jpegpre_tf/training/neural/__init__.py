"""Training of the networks that imitate an encoder: what it does to a picture, and what its file weighs."""
