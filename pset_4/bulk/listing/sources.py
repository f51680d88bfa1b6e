"""Where the names of a run's images come from: a listing, a manifest, or an earlier run's failures.

All are streamed. No name is checked here, and each may be hostile.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from csci_utils.errors import ChangedError
from csci_utils.rooted import Root
from csci_utils.text import one_line

from ...errors import MissingError, SettingsError
from ...places import is_s3, normalize_remote
from ...storage.remote import target_at
from ..failures import list_failures
from ..runs import Runs
from .manifests import read_manifest

if TYPE_CHECKING:
    from ...settings import Settings
    from ..runs import Run


def locate_images(settings: Settings, images: str | None) -> str:
    """Return the folder of images, and check that it can be one.

    Args:
        settings: The current ones.
        images: What was asked for: a URL or a path. None, or the remote itself, for the images of
            the remote.

    Raises:
        SettingsError: It is no address, or the remote lies in it.
        MissingError: There is no such directory.
    """
    url = normalize_remote(images) if images else settings.remote
    if url == settings.remote:
        return settings.remote_images
    if not is_s3(url) and not os.path.isdir(url):
        raise MissingError("there is no such directory", path=url, remedy="check --images")
    if f"{settings.remote}/".startswith(f"{url}/"):
        raise SettingsError(
            "the remote lies in this folder, so results would be painted again",
            path=url,
            remedy=f"name a folder beside {settings.remote}, or leave out --images",
        )
    return url


def split_folder(settings: Settings, images: str) -> tuple[str, str]:
    """Return the folder that names are relative to, and what all of them begin with.

    In the remote they are relative to its images, so that they name what `main` names.
    """
    root = settings.remote_images
    if images.startswith(f"{root}/"):
        return root, f"{images.removeprefix(root)[1:]}/"
    return images, ""


def list_names(settings: Settings, run: Run, after: str) -> Iterator[str]:
    """Yield the names of a run's images, relative to the folder of `split_folder`.

    Args:
        settings: The current ones.
        run: The run.
        after: The name after which to begin; empty for the first.
    """
    root, prefix = split_folder(settings, run.images)
    if run.retries:
        earlier = Runs(settings).load(run.retries).documents(settings)
        images = dict.fromkeys(failure.image for failure in list_failures(earlier))
        return _skip(images, after, f"{earlier.url}/failures")
    if run.manifest:
        return _skip(read_manifest(run.manifest, root, prefix), after, run.manifest)
    if is_s3(root):
        return _list_s3(root, prefix, after)
    return _list_folder(Root(root), prefix, after)


def _skip(names: Iterable[str], after: str, path: str) -> Iterator[str]:
    """Yield what follows a name; a manifest has it in the same place again."""
    found = iter(names)
    if after and after not in found:  # consumes what is before it, and the name
        raise ChangedError(
            f"{one_line(after)} is not in it any more, where the listing stopped",
            path=path,
            remedy="bring the manifest back that the run began with",
        )
    yield from found


def _list_s3(root: str, prefix: str, after: str) -> Iterator[str]:
    """Yield names from a listing of S3, a thousand in a request."""
    for page in target_at(root).fs.list_pages(f"{root}/{prefix}", after and f"{root}/{after}"):
        yield from (file.path[len(root) + 1 :] for file in page.files)


def list_from(root: str, first: str) -> Iterator[str]:
    """Yield the names of objects below a prefix of S3, from a name on."""
    before = first[:-1]  # sorts before it; what lies between the two is left out
    return (name for name in _list_s3(root, "", before) if name >= first)


def _list_folder(root: Root, prefix: str, after: str) -> Iterator[str]:
    """Yield the files in a folder, and links, which are refused when they are opened.

    They are sorted, so that a listing can go on where another one stopped. That takes about 100 MB
    for a million names; a manifest takes nothing.
    """
    folder = os.path.join(root.path, prefix).rstrip("/")
    names = sorted(path[len(root.path) + 1 :] for path, _ in root.scan(folder))
    return (name.replace(os.sep, "/") for name in names if name > after)
