import shutil
import subprocess

import pytest

from jpegpre_tf.cli.completion import SHELLS
from jpegpre_tf.cli.main import VERBS, main


@pytest.mark.parametrize("shell", SHELLS)
def test_every_verb_and_option_is_there(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(verb in script for verb in VERBS) and "on-collision" in script and "keep-suffix" in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["jpegpre", "enc"], "encode"),
        (["jpegpre", "encode", "--targ"], "--target-bpp --target-score --target-size"),
        (["jpegpre", "encode", "--metadata", "strip"], "strip strip-gps"),
        (["jpegpre", "completion", "z"], "zsh"),
        (["jpegpre", "encode", "pho"], ""),
    ],
)
def test_bash_completes(words, expected, capsys):
    main(["completion", "bash"])
    script = capsys.readouterr().out
    line = f'COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _jpegpre; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{line}"], capture_output=True, text=True)
    assert (sorted(done.stdout.split()), done.stderr) == (expected.split(), "")
