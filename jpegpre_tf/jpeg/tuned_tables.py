"""Learned quantization tables: one family over all qualities, as tables.json beside a model holds it."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.tables import CHROMA_TABLE, LUMA_TABLE, quantization_tables

FORMAT = 1
NODE_QUALITIES = (10.0, 30.0, 60.0, 90.0)
BASE_TABLES = np.stack([LUMA_TABLE, CHROMA_TABLE]).astype(np.float64)
# Where entries learned for lower qualities would be too fine for the samples of carriers.
LIMITED_QUALITY = 97.0
# Entries there: at least two levels, and so many of the steps of libjpeg's finest quality that carries them.
_FINEST_ENTRY, _FINEST_RATIO, _FINEST_ENCODER_QUALITY = 2.0, 0.85, 98
_PROVENANCE = ("fitted_by", "data", "date", "residual")


def log_scale(quality: float | npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """ln of the factor on Annex K's tables: libjpeg's scale without its rounding, at least 0.02."""
    quality = np.asarray(quality, np.float64)
    return np.log(np.where(quality < 50, 50 / np.maximum(quality, 1), np.maximum(2 - quality / 50, 0.02)))


@dataclasses.dataclass(frozen=True)
class TunedTables:
    """Annex K's tables times learned factors that change smoothly with the quality.

    Between the nodes the logarithms of the factors are interpolated linearly over ln(scale); beyond them they are
    constant. The scale itself is Annex K's.

    Attributes:
        log_factors: float32 (nodes, 2, 8, 8), natural order: ln of the factors on the luma and the chroma table.
        node_qualities: Qualities of the nodes, ascending, 1..100.
        calibration: Qualities asked for and the family's own qualities that they mean, both ascending, interpolated
            linearly; empty where they are the same.
        provenance: `fitted_by`, `data`, `date` and `residual` of the file.
    """

    log_factors: npt.NDArray[np.float32]
    node_qualities: tuple[float, ...] = NODE_QUALITIES
    calibration: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    provenance: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        factors = np.array(self.log_factors, np.float32)
        expected = (len(self.node_qualities), 2, 8, 8)
        if factors.shape != expected or not np.isfinite(factors).all():
            raise ValueError(
                f"`log_factors` must be finite, of shape {expected}. Received: shape={factors.shape}"
            )
        factors.setflags(write=False)
        object.__setattr__(self, "log_factors", factors)
        qualities = np.asarray(self.node_qualities, np.float64)
        if len(qualities) < 2 or np.any(np.diff(qualities) <= 0) or qualities[0] < 1 or qualities[-1] > 100:
            raise ValueError(
                f"`node_qualities` must be ascending, in 1..100, two at least. Received: {self.node_qualities}"
            )
        asked, meant = (np.asarray(part, np.float64) for part in self.calibration)
        if (
            len(asked) != len(meant)
            or len(asked) == 1
            or np.any(np.diff(asked) <= 0)
            or np.any(np.diff(meant) < 0)
        ):
            raise ValueError(
                f"`calibration` must be two ascending lists of one length. Received: {self.calibration}"
            )

    def tables(self, quality: float) -> npt.NDArray[np.uint8]:
        """Luma and chroma table: (2, 8, 8), natural order, 1..255.

        Args:
            quality: 1..100, as a user asks for it.

        Raises:
            ValueError: If it is outside.
        """
        if not 1 <= quality <= 100:
            raise ValueError(f"`quality` must be in 1..100. Received: quality={quality!r}")
        asked, meant = self.calibration
        at = float(np.interp(quality, asked, meant)) if asked else float(quality)
        scale = log_scale(at)
        # np.interp wants ascending positions, and scales fall where qualities rise.
        nodes = -log_scale(np.asarray(self.node_qualities))
        factors = self.log_factors.astype(np.float64).reshape(len(nodes), 128)
        weights = np.stack([np.interp(-scale, nodes, row) for row in np.eye(len(nodes))])
        multiplied = BASE_TABLES * np.exp((weights @ factors).reshape(2, 8, 8) + scale)
        return np.clip(np.round(multiplied), 1, 255).astype(np.uint8)

    def lift_limit(self) -> "TunedTables":
        """The family without the node that `limit_fine_steps` added."""
        if self.node_qualities[-1] != LIMITED_QUALITY or len(self.node_qualities) < 3:
            return self
        return dataclasses.replace(
            self, log_factors=self.log_factors[:-1], node_qualities=self.node_qualities[:-1]
        )

    def limit_fine_steps(self) -> "TunedTables":
        """The family with a node at quality 97 whose entries are coarse enough for carriers.

        Factors that make entries finer than Annex K's would bring steps near one level from quality 93 on: samples of 8
        bits are too coarse for them, and such files cost more than coarser ones of the same look. What was learned
        above quality 97 is kept as it is.
        """
        learned = self.lift_limit()
        if learned.node_qualities[-1] >= LIMITED_QUALITY:
            return learned
        finest = np.stack(quantization_tables(_FINEST_ENCODER_QUALITY)) / _FINEST_RATIO
        entries = np.maximum(np.ceil(finest), _FINEST_ENTRY)
        factors = np.log(entries / BASE_TABLES) - log_scale(LIMITED_QUALITY)
        node = np.maximum(learned.log_factors[-1], factors).astype(np.float32)
        return dataclasses.replace(
            learned,
            log_factors=np.concatenate([learned.log_factors, node[np.newaxis]]),
            node_qualities=(*learned.node_qualities, LIMITED_QUALITY),
        )

    def to_json(self) -> dict[str, object]:
        """The content of tables.json."""
        # The shortest decimals that read back as the same float32.
        factors = np.vectorize(lambda value: float(str(value)), otypes=[np.float64])(self.log_factors)
        content: dict[str, object] = {
            "format": FORMAT,
            "node_qualities": list(self.node_qualities),
            "log_factors": factors.reshape(-1, 2, 64).tolist(),
        }
        if self.calibration[0]:
            content["calibration"] = dict(zip(("quality", "at"), map(list, self.calibration), strict=True))
        return content | {name: self.provenance.get(name) for name in _PROVENANCE}

    @classmethod
    def from_json(cls, content: object) -> "TunedTables":
        """Reads what `to_json` gave.

        Raises:
            ValueError: If it is something else.
        """
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f'expected an object with "format": {FORMAT}')
        try:
            factors = np.asarray(content["log_factors"], np.float32)
            qualities = tuple(float(quality) for quality in content["node_qualities"])
            calibration = content.get("calibration") or {"quality": (), "at": ()}
            asked, meant = (tuple(map(float, calibration[name])) for name in ("quality", "at"))
        except (KeyError, TypeError) as error:
            raise ValueError(f"expected node_qualities, log_factors and numbers in them ({error})") from error
        if factors.shape != (len(qualities), 2, 64):
            raise ValueError(
                f"expected log_factors of shape ({len(qualities)}, 2, 64), found {factors.shape}"
            )
        provenance = {name: content[name] for name in _PROVENANCE if content.get(name) is not None}
        return cls(factors.reshape(-1, 2, 8, 8), qualities, (asked, meant), provenance)

    def write(self, path: str | Path) -> None:
        """Writes tables.json."""
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(self.to_json(), indent=1) + "\n", encoding="utf-8")
        partial.replace(path)

    @classmethod
    def read(cls, path: str | Path) -> "TunedTables":
        """Reads tables.json.

        Raises:
            ValueError: If there is no such file, or it holds something else.
        """
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            raise ValueError(f"{path}: expected tables learned by jpegpre ({error})") from error
