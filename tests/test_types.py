"""No `Any` in a signature that other rooms see, except where an untyped library gives or takes the value."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "jpegpre_tf"
# Keras gives or takes what it likes: tensors, symbolic tensors, lists, shapes, configurations, batches.
KERAS_ROOMS = ("layers", "losses", "models", "training", "exporters")
KERAS_METHODS = {
    *("__call__", "call", "build", "compute_output_shape", "get_config", "from_config"),
    *("compile", "compute", "evaluate", "gradients", "train_step", "test_step"),
}
# Values of packages without types, and what has a type of its own in every case.
ALLOWED = {
    "__init__.py": {"__getattr__"},  # the public names: classes and functions
    "_json.py": {"parse_json"},  # what json.loads gives
    "_lazy.py": {"lazy_names"},  # the same
    "evaluation/metrics/base.py": {
        "Metric.prepare",
        "Metric.score",
    },  # only the metric that made it gets it back
    "exporters/onnx_file.py": {"store_once"},  # onnx.ModelProto
    "exporters/onnx_int8.py": {"quantize_weights"},  # the same
    "exporters/tflite_file.py": {"read_model", "write_model"},  # ModelT of TFLite's schema
    "exporters/tflite_levels.py": {"replace_casts"},  # the same
    "exporters/tflite_metadata.py": {"describe"},  # the same
}
ARRAYS = ("NDArray", "ndarray")  # their `Any` stands for any dtype


def uses_any(node: ast.AST | None) -> bool:
    """Whether an annotation names `Any`, in quotes too."""
    if node is None:
        return False
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).rpartition(".")[2] in ARRAYS:
        return False
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "Any" in re.findall(r"\w+", node.value)
    if isinstance(node, ast.Name):
        return node.id == "Any"
    return any(uses_any(part) for part in ast.iter_child_nodes(node))


def list_any(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields (name, what of it) of everything public whose annotation names `Any`."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from list_any(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_") and not node.name.startswith("__"):
                continue
            given = node.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            for argument in filter(None, arguments):
                if uses_any(argument.annotation):
                    yield prefix + node.name, argument.arg
            if uses_any(node.returns):
                yield prefix + node.name, "return"
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if not node.target.id.startswith("_") and uses_any(node.annotation):
                yield prefix + node.target.id, "value"
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if uses_any(node.value):
                yield from ((prefix + name, "alias") for name in names if not name.startswith("_"))


def belongs_to_keras(path: Path, name: str, what: str) -> bool:
    """Whether Keras gives or takes the value: a method of its protocol, or options that go on to its constructors."""
    return path.parts[0] in KERAS_ROOMS and (name.rpartition(".")[2] in KERAS_METHODS or what == "kwargs")


def test_no_any_between_rooms() -> None:
    found: dict[str, set[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE)
        for name, what in list_any(ast.parse(file.read_text(encoding="utf-8")).body):
            if not belongs_to_keras(path, name, what):
                found.setdefault(path.as_posix(), set()).add(name)
    assert found == ALLOWED


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a: dict[str, Any]) -> None: ...", [("f", "a")]),
        ("def f() -> 'list[Any]': ...", [("f", "return")]),
        (
            "class A:\n def f(self, *a: int, **b: Any) -> None: ...\n x: Any = 1",
            [("A.f", "b"), ("A.x", "value")],
        ),
        ("Row = dict[str, Any]", [("Row", "alias")]),
        ("def _f(a: Any) -> Any: ...\n_x: Any = 1\n_R = list[Any]", []),
        ("def f(a: npt.NDArray[Any], b: Many, c: np.ndarray[Any, Any]) -> str: 'Any'", []),
    ],
)
def test_any_is_found(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(list_any(ast.parse(source).body)) == expected
