"""A trained preprocessor to all files of a model folder, each checked against Keras before any is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jpegpre_tf.errors import ModelError, OutputError, UsageError
from jpegpre_tf.exporters import parity
from jpegpre_tf.exporters.model_card import new_card, read_card, write_card
from jpegpre_tf.exporters.onnx import convert_onnx
from jpegpre_tf.exporters.processor import processor_name
from jpegpre_tf.exporters.qat import fine_tune
from jpegpre_tf.exporters.quantized import QuantizedPreprocessor
from jpegpre_tf.exporters.signatures import EDIT, INPUTS
from jpegpre_tf.exporters.tflite import convert_tflite, operations
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.jpeg.tuned_tables import TunedTables
from jpegpre_tf.models.preprocessor import Preprocessor
from jpegpre_tf.models.trained import load_preprocessor
from jpegpre_tf.runtime.cards.model_card import ModelCard
from jpegpre_tf.runtime.cards.model_file import ModelFile
from jpegpre_tf.runtime.cards.parity import Parity
from jpegpre_tf.runtime.cards.quantization import Quantization
from jpegpre_tf.runtime.inference.models.model_folder import TABLES
from jpegpre_tf.storage.atomic import write_atomically
from jpegpre_tf.training.config import TrainConfig
from jpegpre_tf.training.data.crops import load_rgb, training_dataset, validation_dataset
from jpegpre_tf.training.run import build_trainer

ALL = "all"  # signatures in one file
FORMATS = ("tflite", "onnx")
PRECISIONS = ("fp32", "fp16", "int8")
# Of files' own metadata, from model.json.
_PROPERTIES = ("name", "version", "license")
_CALIBRATION_BATCHES = 12
_BATCH_SIZE = 8
_CROP_SIZE = 256  # pixels
# What is judged before and after fine-tuning: pictures at five qualities each.
_JUDGED_PICTURES = 8
_PARITY_PICTURES = 20


@dataclass(frozen=True)
class ExportRequest:
    """What to export.

    Attributes:
        model: A .keras file.
        folder: The model folder to write; one that has a model.json keeps what that says about training.
        pictures: Files to calibrate int8 with, and to fine-tune on.
        validation: Files that decide whether fine-tuning helped, and that files are compared with Keras on; none of
            them may be in `pictures`.
        formats: Some of `FORMATS`.
        precisions: Some of `PRECISIONS`.
        config: Configuration of the training run; gives fine-tuning its loss.
        qat_steps: Steps of quantization-aware training; 0 quantises after training only.
        qat_learning_rate: Initial learning rate of quantization-aware training.

    Raises:
        UsageError: If parts do not fit together.
    """

    model: Path
    folder: Path
    pictures: tuple[Path, ...]
    validation: tuple[Path, ...]
    formats: tuple[str, ...] = FORMATS
    precisions: tuple[str, ...] = PRECISIONS
    config: TrainConfig | None = None
    qat_steps: int = 0
    qat_learning_rate: float = 2e-4

    def __post_init__(self) -> None:
        for name, values, known in (
            ("formats", self.formats, FORMATS),
            ("precisions", self.precisions, PRECISIONS),
        ):
            if not values or not set(values) <= set(known):
                raise UsageError(f"`{name}` must be some of {', '.join(known)}. Received: {name}={values}")
        if not self.validation:
            raise UsageError("`validation` must name pictures to compare the files with Keras on")
        if both := {path.resolve() for path in self.pictures} & {path.resolve() for path in self.validation}:
            raise UsageError(
                f"`validation` must be other pictures than `pictures`: {min(both)} is in both, and a comparison on "
                "what int8 was calibrated with says little"
            )
        if "int8" in self.precisions and not self.pictures:
            raise UsageError("int8 needs `pictures` to calibrate with")
        if self.qat_steps and ("int8" not in self.precisions or self.config is None):
            raise UsageError(
                "quantization-aware training needs precision int8 and the `config` of the training run"
            )


@dataclass(frozen=True)
class _Measured:
    """What was measured of the files of one format and precision."""

    parity: Parity
    cpu_ms_per_megapixel: float
    processor: str


def export(request: ExportRequest, report: Callable[[str], None] = lambda line: None) -> ModelCard:
    """Writes all files, model.json and README.md of `request.folder`; returns the content of model.json.

    Raises:
        ModelError: If the model is not a trained preprocessor, or a file is not the same model as Keras runs.
        OutputError: If a file cannot be written.
    """
    preprocessor = load_preprocessor(request.model)
    card = _card(request, preprocessor)
    quantized: QuantizedPreprocessor | None = None
    quantization: Quantization | None = None
    if "int8" in request.precisions:
        quantized, quantization = _quantize(request, preprocessor, report)
    properties = {name: str(getattr(card, name)) for name in _PROPERTIES}
    contents: dict[tuple[str, str], dict[str, bytes]] = {}
    for file_format in request.formats:
        for precision in request.precisions:
            report(f"converting to {file_format} {precision}")
            source = quantized if quantized and precision == "int8" else preprocessor
            contents[file_format, precision] = (
                {ALL: convert_tflite(source, precision, properties)}
                if file_format == "tflite"
                else {
                    signature: convert_onnx(source, precision, signature, properties) for signature in INPUTS
                }
            )
    measured = _measure(request, preprocessor, contents, report)
    return _write(request, card, contents, measured, quantization)


def _card(request: ExportRequest, preprocessor: Preprocessor) -> ModelCard:
    file = request.folder / "model.json"
    low, high = (
        (request.config.data.quality_low, request.config.data.quality_high) if request.config else (5, 95)
    )
    fresh = new_card(preprocessor, name=request.folder.absolute().name, quality_range=(low, high))
    if request.config and request.config.objective.metrics:
        fresh = replace(fresh, objective=request.config.objective.metrics)
    if not file.exists():
        return fresh
    kept = read_card(file)
    # What follows from the network itself is recorded anew: it may be another one.
    names = ("signatures", "inputs", "outputs", "tile", "parameters")
    return replace(kept, **{name: getattr(fresh, name) for name in names})


def _quantize(
    request: ExportRequest, preprocessor: Preprocessor, report: Callable[[str], None]
) -> tuple[QuantizedPreprocessor, Quantization]:
    quantized = QuantizedPreprocessor(preprocessor)
    config = request.config or TrainConfig()
    batches = training_dataset(
        list(request.pictures),
        batch_size=_BATCH_SIZE,
        crop_size=_CROP_SIZE,
        quality_range=(config.data.quality_low, config.data.quality_high),
        strength_range=(config.data.strength_low, 1.0),
        seed=config.run.seed + 1,  # crops that training did not end with
    )
    report(f"calibrating on {_CALIBRATION_BATCHES * _BATCH_SIZE} crops")
    quantized.calibrate(_with_tables(request, batches.take(_CALIBRATION_BATCHES)))
    if not request.qat_steps:
        return quantized, Quantization("post-training")
    judged = list(request.validation)[:_JUDGED_PICTURES]
    report(f"fine-tuning with fake quantisation, {request.qat_steps} steps")
    result = fine_tune(
        quantized,
        build_trainer(config),
        batches.skip(_CALIBRATION_BATCHES),
        validation_dataset(judged, batch_size=_BATCH_SIZE, crop_size=_CROP_SIZE),
        steps=request.qat_steps,
        learning_rate=request.qat_learning_rate,
    )
    report(f"validation loss {result['loss_before']:.5f} before, {result['loss_after']:.5f} after")
    method = "quantization-aware training" if result["kept"] else "post-training (fine-tuning did not help)"
    return quantized, Quantization(method, request.qat_steps, **result)


def _with_tables(request: ExportRequest, batches: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yields (image, tables, strength): libjpeg's tables and the model's own, if it has some, in turn."""
    file = request.model.parent / TABLES
    tuned = TunedTables.read(file) if file.is_file() else None
    for number, (image, quality, strength) in enumerate(batches):
        of_quality: Callable[[int], Any] = (
            quantization_tables if tuned is None or number % 2 else tuned.tables
        )
        tables = np.stack([np.stack(of_quality(int(q))) for q in np.asarray(quality)])
        yield image, tables.astype(np.float32), strength


def _measure(
    request: ExportRequest,
    preprocessor: Preprocessor,
    contents: dict[tuple[str, str], dict[str, bytes]],
    report: Callable[[str], None],
) -> dict[tuple[str, str], _Measured]:
    pictures = [load_rgb(path) for path in request.validation[:_PARITY_PICTURES]]
    crops = parity.crops_of(pictures)
    report(f"comparing with Keras on {len(crops)} crops at {len(parity.QUALITIES)} qualities")
    try:
        expected = parity.keras_results(preprocessor, crops)
    except ModelError as error:
        raise ModelError(f"{request.model}: {error}") from error
    decided = parity.keras_decisions(preprocessor, crops)
    measured: dict[tuple[str, str], _Measured] = {}
    int8: list[tuple[list[parity.Array], list[parity.Array]]] = []
    for (file_format, precision), files in contents.items():
        session = parity.open_session(files, file_format, f"{file_format} {precision}")
        results = parity.file_results(session, crops)
        difference = parity.difference(results, expected)
        parity.check(f"{file_format} {precision}", precision, difference)
        decisions = parity.file_decisions(session, crops)
        if precision == "int8":
            int8.append((results, decisions))
        measured[file_format, precision] = _Measured(
            replace(
                difference,
                decisions_differ=parity.decisions_difference(decisions, decided),
                pictures=len(pictures),
                crops=len(crops),
            ),
            parity.cpu_ms_per_megapixel(session),
            processor_name(),
        )
    if len(int8) == 2:
        pair = parity.difference(int8[0][0], int8[1][0])
        parity.check_int8_pair(pair)
        pair = replace(pair, decisions_differ=parity.decisions_difference(int8[0][1], int8[1][1]))
        onnx = measured["onnx", "int8"]
        with_pair = replace(onnx.parity, against_tflite=pair)
        measured["onnx", "int8"] = replace(onnx, parity=with_pair)
    return measured


def _write(
    request: ExportRequest,
    card: ModelCard,
    contents: dict[tuple[str, str], dict[str, bytes]],
    measured: dict[tuple[str, str], _Measured],
    quantization: Quantization | None,
) -> ModelCard:
    """Writes the files and model.json; returns its content."""
    try:
        request.folder.mkdir(parents=True, exist_ok=True)
        kept = request.folder / "model.keras"
        if not (kept.exists() and kept.samefile(request.model)):
            write_atomically(kept, request.model.read_bytes())
        files = dict(card.files)
        files["model.keras"] = ModelFile.of(kept.read_bytes(), "keras")
        tables = request.model.parent / TABLES
        if tables.is_file():
            content = tables.read_bytes()
            write_atomically(request.folder / TABLES, content)
            files[TABLES] = ModelFile.of(content, "tables")
        for (file_format, precision), by_signature in contents.items():
            for signature, content in by_signature.items():
                suffix = "" if signature in (ALL, EDIT) else f"_{signature}"
                name = f"{file_format}/{precision}{suffix}.{file_format}"
                write_atomically(request.folder / name, content)
                entry = ModelFile.of(content, file_format, precision)
                if signature != ALL:
                    entry = replace(entry, signature=signature)
                if signature in (ALL, EDIT):
                    found = measured[file_format, precision]
                    entry = replace(
                        entry,
                        parity=found.parity,
                        cpu_ms_per_megapixel=found.cpu_ms_per_megapixel,
                        processor=found.processor,
                    )
                if precision == "int8":
                    entry = replace(entry, quantization=quantization)
                if file_format == "tflite":
                    counts = sorted(operations(content).items())
                    named = {f"{operation} {kind}": count for (operation, kind), count in counts}
                    entry = replace(entry, operations=named)
                files[name] = entry
        card = replace(card, files=files)
        write_card(request.folder, card)
    except OSError as error:
        raise OutputError(f"cannot write '{request.folder}': {error.strerror or error}") from error
    return card
