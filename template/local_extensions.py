"""The default answer to the question where pip gets pset_4 from."""

import os
import re
import subprocess
from pathlib import Path

from cookiecutter.utils import simple_filter

CHECKOUT = Path(__file__).resolve().parents[1]
"""The project that this template belongs to, cloned by cookiecutter or by somebody else."""


@simple_filter
def locate_checkout(remote: str) -> str:
    """Return where pip finds the project of this template.

    That is the git remote of this name, so that a new project installs on every machine; or else
    the checkout itself.
    """
    url = _read_url(remote)
    if not url:
        return CHECKOUT.as_uri()
    if os.path.isabs(url):
        url = Path(url).as_uri()
    # The pip that Python 3.10 brings takes no address of git without a host.
    url = url.replace("file:///", "file://localhost/", 1)
    # A token in the address is its owner's, and does not belong in a file under version control.
    url = re.sub(r"^(https?://)[^/]*@", r"\1", url)
    # git's short form, git@host:path; pip takes the long one only.
    url = re.sub(r"^([\w.-]+@[\w.-]+):(?!//)/?", r"ssh://\1/", url)
    return f"git+{url}"


def _read_url(remote: str) -> str:
    """Return the remote's address; empty if there is none, or no git."""
    if not (CHECKOUT / ".git").exists():  # otherwise git would answer for a repository around it
        return ""
    command = ["git", "-C", str(CHECKOUT), "remote", "get-url", remote]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return answer.stdout.strip()
