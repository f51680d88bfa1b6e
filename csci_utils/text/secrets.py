"""Texts of other libraries, without the secrets that they may quote."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

_SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
_hidden: set[str] = set()
_MIN_SECRET = 8  # characters; a shorter value could be part of any text
_SECRETS_IN_TEXT = (
    # The user and password of a URL. An unescaped "/" in the password belongs to it, unless what
    # looks like its beginning is a port.
    re.compile(r"(?<=://)[^\s/?#]*@|(?<=://)[^\s/?#:@]*:(?!\d+[/?#])\S*@"),
    # The same in the settings of a proxy, which need no scheme.
    re.compile(r"(?<![^\s'\"(=])[^\s:/@'\"(]+:(?!//)\S+@(?=[\w\[])"),
    # Query and fragment of a URL, and of a path that is named without the server.
    re.compile(r"(?<=://)([^\s?#'\"<>()]*)[?#][^\s'\"<>()]*", re.IGNORECASE),
    re.compile(r"(?<=[^\s'\"(<])[?#&][\w.~%+-]+=[^\s'\"()<>]*"),
    # The signature in the header of a request to AWS, with which it can be sent again.
    re.compile(r"(?<=\bSignature=)[0-9a-f]{64}"),
    # The value of what is called a secret, as in a header, a form, JSON or XML.
    re.compile(
        r"\b([\w-]{0,40}(?:amz-signature|security-token|authorization|account-?key|password|cookie"
        r"|(?:access|session)[-_]?token|api[-_]?key|secret[\w-]{0,20}key)['\"]*\s*[:=>]\s*['\"]*"
        r"(?:(?:bearer|basic|token)\s+)?)[^\s'\"<>;,&]{8,}",
        re.IGNORECASE,
    ),
)
_MAX_REDACTED = 4000  # of the rest, nothing is shown; the patterns take quadratic time


def redact(text: str) -> str:
    """Return the first 4000 characters of a text of another library without secrets in it.

    Removes users and passwords in URLs of servers and proxies, queries of URLs, signatures of
    requests to AWS, and values that are called a password, a token or the like. Also the secrets
    that the environment variables of AWS and of proxies hold, or that `hide_secrets` has been told,
    percent-encoded or not.
    """
    secrets = {*_secrets_of_environment(), *_hidden}
    secrets |= {quote(each, safe=safe, errors="replace") for each in secrets for safe in ("", "/")}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    if len(text) > _MAX_REDACTED:  # cut between words: a part of a secret may match no pattern
        text = f"{text[:_MAX_REDACTED].rpartition(' ')[0]} ..."
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(lambda match: match[1] if match.re.groups else "", text)
    return text


def hide_secrets(*secrets: str | None) -> None:
    """Have `redact` remove these secrets, too, such as the keys of a profile of AWS."""
    _hidden.update(secret for secret in secrets if secret and len(secret) >= _MIN_SECRET)


def _secrets_of_environment() -> Iterator[str]:
    """Yield secret values, as they are and as libraries decode them."""
    for name in os.environ:
        value, user = os.environ.get(name, ""), ""  # another thread may have removed it
        if name.upper().startswith("AWS_ENDPOINT_URL") or name.upper().endswith("_PROXY"):
            user = value.rpartition("@")[0].rpartition("://")[2]
            value = user.partition(":")[2]
        elif name not in _SECRET_VARIABLES:
            continue
        # Values with a line break are quoted escaped, and perhaps without it.
        shown = (value, *value.split(), repr(value)[1:-1])
        for secret in (*shown, unquote(value), f"{user}@", unquote(f"{user}@")):
            if len(secret) >= _MIN_SECRET:
                yield secret
