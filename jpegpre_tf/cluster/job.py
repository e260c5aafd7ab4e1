"""What a batch run is asked to do."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from jpegpre_tf._version import __version__
from jpegpre_tf.errors import UsageError
from jpegpre_tf.runtime import EncodeOptions, ModelFolder
from jpegpre_tf.runtime.encoding.output_names import COLLISION_CHOICES
from jpegpre_tf.runtime.inference.runners.backends import AUTO, BACKEND_CHOICES

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class BatchJob:
    """A batch run, checked when made; every worker gets a copy.

    Attributes:
        source, target: URLs or paths of the folders to read from and write to.
        profile: Shipped model, or a folder with a model.json, which every worker must be able to read.
        options: Options as of `encode_file`; `in_place` is refused.
        precision: Which file of the model, None for its own choice.
        backend: What runs the model, see `runtime.load`.
        on_collision: What to do with two pictures that would get one name, see `output_names`.
        engine: "local", processes on this machine, or "ray".
        workers: Processes or Ray actors, each with a model session of its own.
        threads: Threads of each session.
        chunk: Pictures handed to a worker at a time.
        shard, shards: This run takes every picture whose name falls into shard `shard` of 0..`shards`-1.
        keep_times: A new file gets its input's time of last change; the target must be a local folder.
        with_score: Also score every file with SSIMULACRA2, which takes longer than the encoding.
    """

    source: str
    target: str
    profile: str = "balanced"
    options: EncodeOptions = field(default_factory=EncodeOptions)
    precision: str | None = None
    backend: str = AUTO
    on_collision: str = COLLISION_CHOICES[0]
    engine: str = "local"
    workers: int = 1
    threads: int = 1
    chunk: int = 16
    shard: int = 0
    shards: int = 1
    keep_times: bool = False
    with_score: bool = False

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(
                f"`engine` must be one of {', '.join(ENGINES)}. Received: engine={self.engine!r}"
            )
        if self.backend not in BACKEND_CHOICES:
            raise ValueError(
                f"`backend` must be one of {', '.join(BACKEND_CHOICES)}. Received: backend={self.backend!r}"
            )
        if self.on_collision not in COLLISION_CHOICES:
            raise ValueError(
                f"`on_collision` must be one of {', '.join(COLLISION_CHOICES)}. "
                f"Received: on_collision={self.on_collision!r}"
            )
        for name in ("workers", "threads", "chunk", "shards"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be >= 1. Received: {name}={getattr(self, name)}")
        if not 0 <= self.shard < self.shards:
            raise ValueError(
                f"`shard` must be from 0 to {self.shards - 1}. Received: shard={self.shard} of {self.shards}"
            )
        if self.options.in_place:
            raise UsageError("a batch never replaces its inputs: `in_place` is not for it")

    def settings_digest(self, model: ModelFolder) -> str:
        """Returns a digest of everything but the picture that decides the result."""
        what = [__version__, asdict(self.options), self.with_score, self.precision, self.backend]
        what += [model.name, model.version, model.card.to_json()["files"]]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]
