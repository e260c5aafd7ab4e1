"""The verbs of `jpegpre`: what `--help` and docs/cli.md tell of each, before its module is imported."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes:
        summary: One line.
        failure: When it exits with 1, after "1 if".
        examples: Commands with what they do; None of them needs more than the words in it.
    """

    summary: str
    failure: str
    examples: tuple[tuple[str, str], ...]


VERBS: dict[str, Verb] = {
    "encode": Verb(
        "encode pictures as smaller JPEG files",
        "a picture or a folder could not be read, or a file not be written; all others are done",
        (
            ("jpegpre encode photos/ -o out/", "a folder, with the folders in it"),
            ("jpegpre encode photo.png -o photo.jpg --quality 80", "one picture"),
            ("jpegpre encode photos/ -o out/ --target-size 200kB", "no file larger than 200 kB"),
            ("jpegpre encode photos/ --in-place --dry-run", "what would be replaced"),
            ("curl -s URL | jpegpre encode - -o - > photo.jpg", "from stdin to stdout"),
        ),
    ),
    "batch": Verb(
        "encode an archive: folders or object storage, many workers, a manifest",
        "some pictures failed (the manifest names them), or a place cannot be used",
        (
            ("jpegpre batch photos/ out/", "one worker per core; again: goes on where it was"),
            ("jpegpre batch s3://photos s3://smaller --jobs 8", "object storage"),
            ("jpegpre batch photos/ out/ --shard 0/4", "the first of four runs that share the work"),
        ),
    ),
    "preprocess": Verb(
        "write the edited pixels of one picture, lossless",
        "the picture could not be read, or the file not be written",
        (
            ("jpegpre preprocess photo.png -o edited.png --quality 80", "for an encoder at quality 80"),
            ("jpegpre preprocess photo.png -o - | cjpeg -quality 75 > photo.jpg", "straight into an encoder"),
        ),
    ),
    "finish": Verb(
        "give an encoded carrier the tables and the size of its file",
        "the file is not what the carrier's encoder writes, or a file could not be read or written",
        (("jpegpre finish encoded.jpg --carrier carrier.png -o photo.jpg", "after your own encoder"),),
    ),
    "simulate": Verb(
        "write what a picture looks like as JPEG; print the size of the file",
        "the picture could not be read, or the file not be written",
        (("jpegpre simulate photo.png -o as_jpeg.png --quality 60", "pixels and size of the JPEG file"),),
    ),
    "evaluate": Verb(
        "measure BD-rates on a folder of pictures with real encoders; writes a report",
        "some pictures failed, or the report could not be written",
        (
            ("jpegpre evaluate photos/ -o report/ --limit 5", "the default profile on five pictures"),
            ("jpegpre evaluate photos/ -o report/ --profile fidelity --controls none", "one profile alone"),
            (
                'jpegpre evaluate photos/ -o report/ --profile mine/ --encoder "myencoder -q {quality} {in} {out}"',
                "a profile before an encoder of your own, against that encoder alone",
            ),
        ),
    ),
    "optimize": Verb(
        "search the best pixels of one picture, slowly, for a file served many times",
        "the picture could not be read, or the file not be written",
        (("jpegpre optimize hero.png -o hero.jpg --target-size 80kB", "the best file of 80 kB"),),
    ),
    "compare": Verb(
        "write a page with a before/after wipe of one picture at equal file size",
        "the picture could not be read, or the page not be written",
        (("jpegpre compare photo.png -o page.html --quality 50", "open page.html in a browser"),),
    ),
    "train": Verb(
        "train a preprocessor on a folder of pictures",
        "the run failed; --resume goes on from its last checkpoint",
        (("jpegpre train photos/ -o run/", "writes run/model.keras"),),
    ),
    "train-tables": Verb(
        "learn quantization tables, for a network as it is or for none",
        "the run failed",
        (("jpegpre train-tables photos/ -o tables.json", "then: encode --tables tables.json"),),
    ),
    "export": Verb(
        "write a trained model as TFLite and ONNX, checked against Keras",
        "a file does not agree with Keras, or could not be written",
        (("jpegpre export run/model.keras -o model/ --pictures photos/", "then: encode --profile model/"),),
    ),
    "train-simulator": Verb(
        "train a network that does to a picture what an encoder does",
        "the run failed; --resume goes on from its last checkpoint",
        (("jpegpre train-simulator photos/ -o run/ --encoder mozjpeg", "learns MozJPEG"),),
    ),
    "train-rate": Verb(
        "train a network that tells how many bits an encoder takes",
        "the run failed; --resume goes on from its last checkpoint",
        (("jpegpre train-rate photos/ -o run/ --encoder mozjpeg", "learns the size of MozJPEG's files"),),
    ),
    "models": Verb(
        "list the shipped models and what each is for",
        "a file of a model is damaged",
        (("jpegpre models", "which to choose"), ("jpegpre models --details", "files and measurements")),
    ),
    "demo": Verb(
        "serve the browser page on this machine",
        "the page is not there, or the port cannot be used",
        (("jpegpre demo --open", "opens it in the browser"),),
    ),
    "completion": Verb(
        "print what makes the shell complete verbs, options and their values",
        "never",
        (
            ('eval "$(jpegpre completion bash)"', "for this shell; in ~/.bashrc for every one"),
            ("jpegpre completion fish > ~/.config/fish/completions/jpegpre.fish", "fish"),
        ),
    ),
}

# Folder of `jpegpre_tf/cli` -> verbs whose modules are in it; all others are in `jpegpre_tf/cli` itself.
ROOMS: dict[str, tuple[str, ...]] = {
    "pictures": ("encode", "batch", "preprocess", "finish", "simulate", "optimize"),
    "evaluation": ("evaluate", "compare"),
    "training": ("train", "train-tables", "train-simulator", "train-rate", "export"),
}

# Exit code -> what it means, for every verb.
EXIT_CODES = {
    0: "all was done",
    1: "something failed; the lines on stderr name it, and all else was done",
    2: "bad usage: nothing was read or written",
    130: "interrupted with Ctrl-C; files that were written are whole",
}
