"""What went wrong with a storage, in words that say what to do."""

import os
import re
from collections.abc import Iterator

from jpegpre_tf.errors import StorageError, first_line
from jpegpre_tf.storage.names import printable

# By the names of their classes: they come from packages (botocore, aiohttp, gcsfs) that need not be installed.
_NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "DefaultCredentialsError",
    "NoAuthTokenError",
}
_UNREACHABLE = {
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "ConnectionRefusedError",
    "ProxyConnectionError",
    "gaierror",
}
_BROKEN = {
    "ReadTimeoutError",
    "ConnectionClosedError",
    "HTTPClientError",
    "ClientPayloadError",
    "ServerDisconnectedError",
    "FSTimeoutError",
    "TimeoutError",
    "IncompleteRead",
}


# A user and password before the host. AWS makes secrets with a "/" in them; "host:8080/" is no user.
_USER = re.compile(r"//(?:[^/@\s]*|[^/@:\s]*:(?!\d+(?:/|$))[^@\s]*)@")
# What a signed address proves itself with.
_SIGNATURE = re.compile(
    r"(?i)([?&;](?:x-amz-[\w-]+|x-goog-[\w-]+|sig|signature|token|access_token|key|password|secret)=)[^&\s'\"]+"
)
_SECRET_NAMES = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|_KEY$|ACCESS_KEY")
_LEAST_SECRET = 8


def redact(text: str) -> str:
    """Returns a message without what proves who somebody is: passwords in URLs, signatures, the environment's keys."""
    text = _SIGNATURE.sub(r"\1***", _USER.sub("//", text))
    for name, value in os.environ.items():
        if len(value) >= _LEAST_SECRET and _SECRET_NAMES.search(name.upper()) and value in text:
            text = text.replace(value, "***")
    return text


def printable_url(url: str) -> str:
    """Returns a URL for a message: one line, without the secrets that it may hold."""
    return printable(redact(url))


def storage_error(error: BaseException, doing: str, url: str) -> StorageError:
    """Returns what `error`, met while `doing` ("read", "list", "write") something to `url`, means to a user."""
    is_missing = isinstance(error, FileNotFoundError)
    return StorageError(f"cannot {doing} '{printable_url(url)}': {_reason(error)}", is_missing=is_missing)


def _reason(error: BaseException) -> str:
    chain = list(_chain(error))
    names = {name for link in chain for name in (base.__name__ for base in type(link).__mro__)}
    code = next((code for link in chain if (code := _service_code(link))), None)
    if names & _NO_CREDENTIALS:
        return (
            "no credentials were found (for S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE)"
        )
    if isinstance(error, PermissionError):
        return "permission denied" + (f" ({code})" if code and not code.isdigit() else "")
    if isinstance(error, FileNotFoundError):
        return "there is no such bucket" if code == "NoSuchBucket" else "there is nothing of this name"
    if names & _UNREACHABLE:
        return f"the host cannot be reached ({_first_line(chain[0])})"
    if names & _BROKEN:
        return f"the connection broke or timed out ({_first_line(chain[0])})"
    return getattr(error, "strerror", None) or _first_line(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _service_code(error: BaseException) -> str | None:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = response.get("Error", {}).get("Code")
        return str(code) if code else None
    return None


def _first_line(error: BaseException) -> str:
    return printable_url(first_line(error))
