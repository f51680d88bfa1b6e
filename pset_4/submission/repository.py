"""The git repository of the work: its commit, the commit's web page, and uncommitted files."""

from __future__ import annotations

import os
import re
import subprocess
from urllib.parse import urlsplit

from ..errors import SubmissionError

# Travis CI sets it to the owner and name of the repository on GitHub.
_SLUG_VARIABLE = "TRAVIS_REPO_SLUG"

# git's short form of an SSH URL. A host of one letter would be a drive of Windows.
_SCP_LIKE = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]{2,}):(?P<path>.+)")

_SSH_SCHEMES = ("ssh", "git", "git+ssh")
_WEB_SCHEMES = ("http", "https")

# The most uncommitted files that an error names.
_MAX_FILES_SHOWN = 5


def read_commit() -> str:
    """Return the full hash of the commit that is checked out.

    Raises:
        SubmissionError: The current folder is in no work tree, git is not installed, or the
            repository has no commit.
    """
    inside = _run_git("rev-parse", "--is-inside-work-tree")
    if inside.stdout.strip() != "true":
        reason = inside.stderr.strip() or "not a git work tree"
        raise SubmissionError(reason, path=os.getcwd(), remedy="run this in your git repository")
    head = _run_git("rev-parse", "--verify", "--quiet", "HEAD")
    if head.returncode != 0:
        raise SubmissionError("the repository has no commit", remedy="commit your work and push it")
    return head.stdout.strip()


def check_clean() -> None:
    """Check that the commit holds all files that git does not ignore, as they are now.

    Raises:
        SubmissionError: A file was changed, added or removed since the commit.
    """
    # The option overrides the user's configuration.
    status = _run_git("status", "--porcelain", "--untracked-files=normal")
    if status.returncode != 0:
        raise SubmissionError(f"git status failed: {status.stderr.strip()}")
    changed = [line[3:] for line in status.stdout.splitlines()]
    if changed:
        raise SubmissionError(
            f"the work tree is not clean: {_shorten_list(changed)}",
            remedy="commit these files or add them to .gitignore",
        )


def is_pushed(commit: str) -> bool:
    """Return True if a remote branch has the commit, as of the last fetch or push."""
    return bool(_run_git("branch", "--remotes", "--contains", commit).stdout.strip())


def find_commit_url(commit: str, repository_url: str | None = None) -> str:
    """Return the URL of a commit's web page.

    Args:
        commit: The full hash of the commit.
        repository_url: The URL of the repository. Defaults to that of the remote ``origin``, or
            else to the repository that Travis CI names.

    Raises:
        SubmissionError: The repository's URL is unknown, or it has no web page.
    """
    known = _find_repository_url(repository_url)
    if known is None:
        raise SubmissionError("git has no remote origin", remedy="give --repository-url")
    url, source = known
    page = find_web_page(url)
    if page is None:
        # The URL may hold a password, so the error names its source instead.
        raise SubmissionError(
            f"{source} has no web page",
            remedy="give --repository-url as https://host/owner/name or git@host:owner/name",
        )
    return f"{page}/commit/{commit}"


def find_web_page(url: str) -> str | None:
    """Return a repository's web page, without credentials; None if it has none.

    Args:
        url: A URL or path that git takes. ``git@host:owner/name.git`` and
            ``ssh://git@host:22/owner/name.git`` have the page ``https://host/owner/name``.
    """
    parts = _split_git_url(url)
    if parts is None:
        return None
    scheme, host, path = parts
    path = path.strip("/").removesuffix(".git")
    return f"{scheme}://{host}/{path}" if host and path else None


def _find_repository_url(option: str | None) -> tuple[str, str] | None:
    """Return the repository's URL, and what names it; None if nothing does."""
    if option:
        return option, "the repository of --repository-url"
    if origin := _run_git("remote", "get-url", "origin").stdout.strip():
        return origin, "git's remote origin"
    if slug := os.environ.get(_SLUG_VARIABLE):
        return f"https://github.com/{slug}", f"the repository of {_SLUG_VARIABLE}"
    return None


def _split_git_url(url: str) -> tuple[str, str, str] | None:
    """Return scheme, host and path of the web page; None for local paths and other schemes."""
    if "://" not in url:
        match = _SCP_LIKE.fullmatch(url)
        return match and ("https", match["host"], match["path"])
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme in _SSH_SCHEMES:
        return "https", host.partition(":")[0], parts.path
    return (parts.scheme, host, parts.path) if parts.scheme in _WEB_SCHEMES else None


def _shorten_list(names: list[str]) -> str:
    more = len(names) - _MAX_FILES_SHOWN
    return ", ".join(names[:_MAX_FILES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _run_git(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except FileNotFoundError:
        raise SubmissionError("git is not installed", remedy="install git") from None
