"""The URL and the access token of a Canvas server, checked before they are used."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from csci_utils.network.addresses import is_loopback

from ..errors import SettingsError
from . import TOKEN_VARIABLE, URL_VARIABLE

_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL_REMEDY = "set it to a URL such as https://canvas.example.edu"


def normalize_url(url: str) -> str:
    """Return the root URL of a server from the URL of any of its pages.

    Raises:
        SettingsError: The URL is malformed, or the token would be sent unencrypted over a network.
    """
    parts = _split_url(url.strip())
    if parts is None:
        raise SettingsError(f"{URL_VARIABLE} is not the URL of a server", remedy=_URL_REMEDY)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http" and not is_loopback(host):
        reason = f"{URL_VARIABLE} would send the token unencrypted over http://"
        raise SettingsError(reason, remedy=_URL_REMEDY)
    # In the form that Canvas uses: canvasapi looks for it in the URLs of further pages.
    host = f"[{host}]" if ":" in host else host
    is_default = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


def check_token(token: str) -> str:
    """Return the token without spaces around it.

    Raises:
        SettingsError: The HTTP library would refuse it, with an error that repeats the token.
    """
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            f"{TOKEN_VARIABLE} is not a token of printable ASCII characters without spaces",
            remedy="copy the token again",
        )
    return token


def _split_url(url: str) -> SplitResult | None:
    """Return the parts of the URL of a web server; None for anything else."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        return None
    is_host = host and not any(map(str.isspace, host))
    return parts if is_host and parts.scheme in _DEFAULT_PORTS else None
