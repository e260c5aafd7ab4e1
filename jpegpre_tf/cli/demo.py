"""`jpegpre demo`: serves the browser page on this machine."""

import argparse
import webbrowser
from pathlib import Path

from jpegpre_tf.cli.common.static_server import StaticServer
from jpegpre_tf.errors import JpegpreError

_PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = _PACKAGE / "demo_page"
_BUILT = _PACKAGE.parent / "export" / "web" / "demo-dist"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.epilog = (
        "Photos are edited in the browser, none is uploaded. Only this machine can reach the page."
    )
    parser.add_argument("--port", type=_port, default=8000, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--open", action="store_true", help="open the page in the default browser")


def run(arguments: argparse.Namespace) -> int:
    """Serves until interrupted; returns 0."""
    folder = _page()
    try:
        server = StaticServer(folder, arguments.port)
    except OSError as error:
        raise JpegpreError(
            f"cannot listen on port {arguments.port}: {error.strerror} (--port 0 takes a free one)"
        ) from error
    with server:
        print(f"{server.url} (Ctrl-C stops)", flush=True)
        if arguments.open:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()  # the line on which the terminal showed ^C
    return 0


def _page() -> Path:
    for folder in (_INSTALLED, _BUILT):
        if (folder / "index.html").is_file():
            return folder
    raise JpegpreError(
        "the page is not built: run `npm ci && npm run build` in export/web of a checkout (needs Node.js 20)"
    )


def _port(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, received {text!r}")
    return value
