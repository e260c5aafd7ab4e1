"""Keys and signatures of object storage are never printed."""

import pytest

from jpegpre_tf.cli.main import main
from jpegpre_tf.storage.errors import printable_url

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"s3://AKIA:{SECRET}@bucket/x@2x.jpg", "s3://bucket/x@2x.jpg"),
        ("https://user:word@host/a", "https://host/a"),
        ("https://host:8080/a@2x.jpg", "https://host:8080/a@2x.jpg"),
        ("s3://bucket/a:b@2x.jpg", "s3://bucket/a:b@2x.jpg"),
        ("https://host/a?X-Amz-Signature=abc&x=1", "https://host/a?X-Amz-Signature=***&x=1"),
        ("az://c/x?sig=abc%3d", "az://c/x?sig=***"),
    ],
)
def test_urls_in_messages_have_no_secrets(url, shown):
    assert printable_url(url) == shown


def test_keys_of_the_environment_are_never_printed(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert SECRET not in printable_url(f"the server says: {SECRET} is wrong")
    assert main(["batch", f"s3://AKIA:{SECRET}@[bad/x", str(tmp_path / "out")]) in (1, 2)
    assert main(["batch", f"nothing://AKIA:{SECRET}@host/x", str(tmp_path / "out")]) in (1, 2)
    output = capsys.readouterr()
    assert SECRET not in output.err + output.out
