"""What git tells of the work: the commit, its address on the web, and whether all is committed."""

import os
import re
import subprocess
from urllib.parse import urlsplit

from ..errors import HandInError

SLUG_VARIABLE = "TRAVIS_REPO_SLUG"
"""Set by Travis CI: owner and name of the repository on GitHub."""

SCP_LIKE = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]{2,}):(?P<path>.+)")
"""git's short form of an SSH address; a host of one letter would be a drive of Windows."""

SSH_SCHEMES = ("ssh", "git", "git+ssh")
EXPECTED_ADDRESS = "expected https://host/owner/name, ssh:// or git@host:owner/name"

FILES_NAMED = 5
"""How many of the files that are not committed an error names."""


def read_commit() -> str:
    """The full hash of the commit that is checked out.

    Raises:
        HandInError: there is none, or no git.
    """
    inside = _run("rev-parse", "--is-inside-work-tree")
    if inside.stdout.strip() != "true":
        reason = inside.stderr.strip() or "there is no work tree"
        raise HandInError(f"run this in the git repository of the work ({reason})")
    head = _run("rev-parse", "--verify", "--quiet", "HEAD")
    if head.returncode != 0:
        raise HandInError("the repository has no commit yet: commit the work, and push it")
    return head.stdout.strip()


def check_clean() -> None:
    """Check that the commit is what is here: nothing changed, and nothing new but what is ignored.

    Raises:
        HandInError: something is.
    """
    # Named, as the user's configuration may have it otherwise.
    status = _run("status", "--porcelain", "--untracked-files=normal")
    if status.returncode != 0:
        raise HandInError(f"git cannot tell whether all is committed: {status.stderr.strip()}")
    changed = [line[3:] for line in status.stdout.splitlines()]
    if changed:
        more = len(changed) - FILES_NAMED
        named = ", ".join(changed[:FILES_NAMED]) + (f" and {more} more" if more > 0 else "")
        raise HandInError(f"the work tree is not clean: commit, or let git ignore, {named}")


def is_pushed(commit: str) -> bool:
    """Whether a branch of a remote has the commit, as far as is known here; asks no server."""
    return bool(_run("branch", "--remotes", "--contains", commit).stdout.strip())


def find_commit_url(commit: str, repository_url: str | None = None) -> str:
    """The commit's address on the web.

    Args:
        commit: its full hash.
        repository_url: the repository's address; else that of the remote ``origin``, else what
            Travis CI tells.

    Raises:
        HandInError: there is none of these, or it is not on the web.
    """
    if repository_url:
        known = repository_url, "the option --repository-url"
    elif origin := _run("remote", "get-url", "origin").stdout.strip():
        known = origin, "the address of git's remote origin"
    elif slug := os.environ.get(SLUG_VARIABLE):
        known = f"https://github.com/{slug}", SLUG_VARIABLE
    else:
        raise HandInError("git has no remote origin: give the repository's --repository-url")
    address = to_web_address(known[0])
    if address is None:
        # Not repeated here: it may hold a password.
        raise HandInError(f"{known[1]} is not on the web: {EXPECTED_ADDRESS}; --repository-url")
    return f"{address}/commit/{commit}"


def to_web_address(remote: str) -> str | None:
    """A repository's page for an address that git takes, without credentials; None if it has none.

    ``git@host:owner/name.git`` and ``ssh://git@host:22/owner/name.git`` are at
    ``https://host/owner/name``.
    """
    if "://" in remote:
        parts = urlsplit(remote)
        location = parts.netloc.rpartition("@")[2]
        path = parts.path
        if parts.scheme in SSH_SCHEMES:
            scheme, location = "https", location.partition(":")[0]
        elif parts.scheme in ("http", "https"):
            scheme = parts.scheme
        else:
            return None
    else:
        match = SCP_LIKE.fullmatch(remote)
        if match is None:
            return None
        scheme, location, path = "https", match["host"], match["path"]
    path = path.strip("/").removesuffix(".git")
    return f"{scheme}://{location}/{path}" if location and path else None


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            ["git", *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise HandInError("git is not installed, and tells what is handed in: install it") from None
