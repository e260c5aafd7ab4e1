"""Optional packages: imported where they are needed, with one line that says what to install."""

import importlib
import types

from jpegpre_tf.errors import first_line


class MissingExtraError(ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class KerasBackendError(ImportError):
    """Keras is set up for another backend than TensorFlow."""


def require(module: str, *, extra: str, purpose: str) -> types.ModuleType:
    """Imports `module`, or says which extra of jpegpre-tf brings it.

    Args:
        module: Dotted module name, for example "tf2onnx".
        extra: Name of the extra in setup.py that brings it.
        purpose: What needs it, a noun phrase that starts the message ("ONNX export").

    Raises:
        MissingExtraError: If the module, or one that it imports or loads, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs `{error.name or module}`: pip install 'jpegpre-tf[{extra}]'"
        ) from error
    except OSError as error:  # the package is there, but not the library that it is made for
        raise MissingExtraError(
            f"{purpose} cannot load `{module}` ({first_line(error)}): pip install 'jpegpre-tf[{extra}]'"
        ) from error
