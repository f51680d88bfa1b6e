"""luigid, Luigi's central scheduler: where it is. Luigi itself is not imported for that."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from csci_utils.text import parse_whole

from .errors import PipelineError

DEFAULT_PORT = 8082
"""The port of ``luigid``, unless it is told another."""

_CONNECT_SECONDS = 5


@dataclass(frozen=True)
class CentralScheduler:
    """Where luigid is."""

    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> CentralScheduler:
        """Return what ``HOST`` or ``HOST:PORT`` names.

        Raises:
            ValueError: It is neither.
        """
        host, colon, port = text.partition(":")
        if not host or "/" in text:
            raise ValueError(f"expected HOST or HOST:PORT, got {text!r}")
        return cls(host, parse_whole(port, 1, 65535) if colon else DEFAULT_PORT)

    def __str__(self) -> str:
        """Return the address of its page."""
        return f"http://{self.host}:{self.port}/"

    def check(self) -> None:
        """Find out whether it answers, before Luigi tries for long.

        Raises:
            PipelineError: It does not.
        """
        try:
            socket.create_connection((self.host, self.port), _CONNECT_SECONDS).close()
        except OSError as error:
            raise PipelineError(
                f"no luigid answers there ({error.strerror or error})",
                path=str(self),
                remedy=f"start it with luigid --port {self.port}, or leave --scheduler-host out",
            ) from error
