"""JPEG files as inputs: how they were made, their planes, whether an earlier run wrote them."""
