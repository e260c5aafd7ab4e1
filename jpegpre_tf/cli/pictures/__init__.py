"""Verbs that make picture files of pictures: encode and batch, and what one does before and after an encoder."""
