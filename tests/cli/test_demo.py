"""`jpegpre demo`: what the server gives, and what it refuses."""

import http.client
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jpegpre_tf.cli import demo
from jpegpre_tf.cli.common.static_server import StaticServer
from jpegpre_tf.cli.main import main


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "page"
    (folder / "jpegpre").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "jpegpre" / "a b.wasm").write_bytes(b"\0asm")
    (folder / "jpegpre" / "x.mjs").write_text("")
    (folder / "link").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def server(folder):
    with StaticServer(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer, answer.read()


def test_files_come_with_the_headers_that_isolate_the_page(server):
    for path, kind, content in (
        ("/", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/index.html?x=1", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/jpegpre/a%20b.wasm", "application/wasm", b"\0asm"),
        ("/jpegpre/x.mjs", "text/javascript; charset=utf-8", b""),
    ):
        answer, body = ask(server, path)
        assert (answer.status, answer.headers["Content-Type"], body) == (200, kind, content)
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_policy_allows_what_the_page_asks_for(server):
    def directives(policy: str) -> dict[str, set[str]]:
        parts = [part.split() for part in policy.split(";")]
        return {name: set(sources) for name, *sources in parts}

    page = Path(__file__).parents[2] / "export/web/demo/index.html"
    (asked,) = re.findall(r'Content-Security-Policy" content="(.+?)"', page.read_text(encoding="utf-8"))
    allowed = directives(ask(server, "/")[0].headers["Content-Security-Policy"])
    for name, sources in directives(asked).items():
        assert sources <= allowed[name], name


def test_head_has_no_body(server):
    answer, body = ask(server, "/", method="HEAD")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, "15", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/jpegpre/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/link",
        "/jpegpre",
        "/jpegpre/",
        "/index.html%00.txt",
        "/missing",
    ],
)
def test_nothing_outside_the_folder_and_no_listing(server, path):
    answer, body = ask(server, path)
    assert answer.status == 404
    assert b"secret" not in body and b"root:" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(server, method):
    assert ask(server, "/", method=method)[0].status == 501


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", ""])
def test_a_page_elsewhere_cannot_reach_it_by_a_name_of_its_own(server, host):
    assert ask(server, "/", Host=host)[0].status == 421


def test_it_answers_to_localhost_too(server):
    assert ask(server, "/", Host=f"localhost:{server.port}")[0].status == 200


def test_it_listens_on_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"


def test_a_page_that_is_not_built_is_one_line_that_says_what_to_run(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(demo, "_INSTALLED", tmp_path / "a")
    monkeypatch.setattr(demo, "_BUILT", tmp_path / "b")
    assert main(["demo"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "npm ci && npm run build" in error


def test_a_taken_port_is_one_line(monkeypatch, folder, server, capsys):
    monkeypatch.setattr(demo, "_INSTALLED", folder)
    assert main(["demo", "--port", str(server.port)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"port {server.port}" in error


@pytest.mark.parametrize("port", ["-1", "65536", "http", ""])
def test_a_wrong_port_is_bad_usage(port, capsys):
    assert main(["demo", f"--port={port}"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_says_where_the_page_is_and_stops_on_interrupt(folder):
    program = (
        "import sys; from pathlib import Path; from jpegpre_tf.cli import demo, main\n"
        "demo._INSTALLED = Path(sys.argv[1]); sys.exit(main.main(['demo', '--port', '0']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell inherit that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:")
        connection = http.client.HTTPConnection(line.split("/")[2], timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"<!doctype html>"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
        assert (process.returncode, error) == (0, "")
    finally:
        process.kill()
