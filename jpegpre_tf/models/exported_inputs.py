"""What `export` of Keras takes as inputs, for models whose call takes several tensors."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras

PICTURE = (None, None, None, 3)


class ExportedInputs:
    """Lets `model.export(path)` work as for a functional model: Keras knows no inputs of a subclass.

    A subclass names them in `INPUTS`: name -> shape, in the order of its call, None for any size. All are float32.
    """

    INPUTS: ClassVar[Mapping[str, tuple[int | None, ...]]] = {}

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Sequence[keras.InputSpec] | None = None,
        **options: object,
    ) -> None:
        """As in Keras; `input_signature` is needed only for inputs of one size."""
        if input_signature is None:
            input_signature = [
                keras.InputSpec(shape=shape, dtype="float32", name=name)
                for name, shape in self.INPUTS.items()
            ]
        export: Any = super().export  # type: ignore[misc]
        export(filepath, format, verbose=verbose, input_signature=input_signature, **options)
