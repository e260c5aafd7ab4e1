import argparse

import pytest

from jpegpre_tf.cli.common.arguments.evaluation_options import PATHS, add_encoder_roles, choose_encoder_roles
from jpegpre_tf.errors import UsageError
from jpegpre_tf.evaluation.writing.profiles import WRITE_PATHS


def choose(*options, profile=None, against=()):
    parser = argparse.ArgumentParser()
    add_encoder_roles(parser)
    arguments = parser.parse_args(options)
    arguments.profile, arguments.filter = profile, None
    roles = choose_encoder_roles(arguments, list(against))
    return roles.writer, roles.against


@pytest.mark.parametrize(
    ("options", "profile", "against", "roles", "notes"),
    [
        ([], None, [], ("libjpeg-turbo", ()), 0),
        ([], "balanced", ["webp", "webp"], ("libjpeg-turbo", ("webp",)), 0),
        (["--encoder", "mozjpeg"], "balanced", ["webp"], ("mozjpeg", ("webp",)), 0),
        # As in version 0.1:
        (["--encoder", "mozjpeg", "--encoder", "webp"], None, [], ("libjpeg-turbo", ("mozjpeg", "webp")), 1),
        (["--through", "mozjpeg"], "balanced", [], ("mozjpeg", ()), 1),
        (["--through", "mozjpeg", "--encoder", "webp"], "balanced", [], ("mozjpeg", ("webp",)), 2),
    ],
)
def test_who_writes_and_who_is_compared_with(capsys, options, profile, against, roles, notes):
    assert choose(*options, profile=profile, against=against) == roles
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == notes and all(line.startswith("jpegpre: note: --") for line in lines)


def test_one_encoder_writes():
    with pytest.raises(UsageError, match="--against"):
        choose("--encoder", "mozjpeg", "--encoder", "webp", profile="balanced")


def test_paths_are_those_of_evaluation():
    assert PATHS == WRITE_PATHS
