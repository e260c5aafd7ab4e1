"""A web server for one folder of files, for this machine only."""

import mimetypes
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ADDRESS = "127.0.0.1"
_HEADERS = {
    # These two isolate the page from all others; only then browsers offer shared memory to WebAssembly.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Also for workers, which the page's own policy does not reach: nothing may leave this address.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self' blob: data:; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Asks each time, so that a page that was built anew is seen.
    "Cache-Control": "no-cache",
}
# The system's own table may lack them or say something else.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".bin": "application/octet-stream",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


class StaticServer(ThreadingHTTPServer):
    """Serves the files of one folder on 127.0.0.1, isolated from pages elsewhere.

    Only GET and HEAD, only regular files whose real place is inside the folder, no listings, and only requests
    that name this machine as host: a page elsewhere cannot reach it by a name of its own.

    Args:
        folder: Served at "/"; "/" itself is its index.html.
        port: 0..65535; 0 takes a free one.

    Raises:
        OSError: If the port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__((_ADDRESS, port), partial(_Handler, folder=folder.resolve()))

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{_ADDRESS}:{self.port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a browser that closes a connection early is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StaticServer

    def __init__(self, *arguments: object, folder: Path) -> None:
        self._folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:  # the name is http.server's
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        pass

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def _answer(self, with_body: bool) -> None:
        if self.headers.get("Host") not in {f"{name}:{self.server.port}" for name in (_ADDRESS, "localhost")}:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        path = self._file()
        try:
            content = path.read_bytes() if path else None
        except OSError:
            content = None
        if path is None or content is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def _file(self) -> Path | None:
        """Returns the file asked for; None if it does not exist, is no regular file or not in the folder."""
        name = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
        if "\0" in name or "\\" in name:
            return None
        # Resolved: neither ".." nor a link leads out.
        path = (self._folder / name).resolve()
        return path if path.is_relative_to(self._folder) and path.is_file() else None

    def _refuse(self, status: HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
