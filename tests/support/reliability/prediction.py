"""What a command must come to: the promises of the pipeline as a few lines of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pset_4.names import DEFAULT_IMAGE, DEFAULT_MODEL
from pset_4.storage.conflicts import KEEP_REMOTE, REFUSE, REPLACE

from .versions import IMAGES, MODELS, PATHS, is_whole, paint

Files = dict[str, bytes]
"""Contents by path, relative to the remote or the data folder."""


@dataclass
class Prediction:
    """What must be there after a command."""

    remote: Files
    """All that the remote holds."""
    is_done: bool = True
    """Whether all that was asked for is possible."""
    results: Files = field(default_factory=dict)
    """Results that must be on this machine."""
    fetched: Files = field(default_factory=dict)
    """Files that must be in the cache."""

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return 0 if self.is_done else 1


def predict(command: str, policy: str, drop_ins: Mapping[str, bytes], remote: Files) -> Prediction:
    """Return what a command comes to if nothing goes wrong.

    Args:
        command: ``main``, ``stylize``, ``upload`` or ``download``.
        policy: The option ``--on-conflict``.
        drop_ins: The drop-ins, by name.
        remote: What the remote holds.
    """
    found = Prediction(dict(remote))
    if command == "download":
        found.fetched = {path: remote[path] for path in PATHS if path in remote}
        return found
    if command == "upload":
        for name in drop_ins:
            _settle(found, name, policy, drop_ins)
        return found
    _paint_all(found, command == "main", policy, drop_ins)
    return found


def predict_repair(local: Files, remote: Files) -> Prediction:
    """Return what `verify --repair` may come to: it makes results anew, here and in the remote."""
    results = {}
    for path in filter(lambda path: path.startswith("stylized/"), {*local, *remote}):
        model, image = path.split("/")[1:]
        inputs = [remote[path_of(name)] for name in (image, model) if path_of(name) in remote]
        result = paint(image, model, *inputs) if len(inputs) == 2 else None
        if result is not None:
            results[path] = result
    published = {path: result for path, result in results.items() if path in remote}
    return Prediction({**remote, **published}, results=results)


def list_selected(drop_ins: Mapping[str, bytes], remote: Files) -> tuple[list[str], list[str]]:
    """Return the images and the models that are painted if none is named.

    Where nothing of a kind is dropped in, it is the default, or all that the remote has of the kind
    if it lacks a default that is needed.
    """
    images = [name for name in IMAGES if name in drop_ins]
    models = [name for name in MODELS if name in drop_ins]
    needed = [*([] if images else [DEFAULT_IMAGE]), *([] if models else [DEFAULT_MODEL])]
    if not all(path_of(name) in remote for name in needed):
        images = images or [name for name in IMAGES if path_of(name) in remote]
        models = models or [name for name in MODELS if path_of(name) in remote]
        if not (images or models):
            return [], []
    return images or [DEFAULT_IMAGE], models or [DEFAULT_MODEL]


def path_of(name: str) -> str:
    """Return the path of an image or a model in the remote and in the cache."""
    return next(path for path in PATHS if PurePosixPath(path).name == name)


def _paint_all(
    found: Prediction, is_published: bool, policy: str, drop_ins: Mapping[str, bytes]
) -> None:
    images, models = list_selected(drop_ins, found.remote)
    usable = [name for name in (*images, *models) if _settle(found, name, policy, drop_ins)]
    for path, result in _list_results(found.remote, images, models, usable):
        if result is None:
            found.is_done = False
            continue
        found.results[path] = result
        if is_published:
            found.remote[path] = result


def _list_results(
    remote: Files, images: list[str], models: list[str], usable: list[str]
) -> Iterator[tuple[str, bytes | None]]:
    for model in models:
        for image in images:
            inputs = [remote[path_of(name)] for name in (image, model) if name in usable]
            result = paint(image, model, *inputs) if len(inputs) == 2 else None
            yield f"stylized/{model}/{image}", result


def _settle(found: Prediction, name: str, policy: str, drop_ins: Mapping[str, bytes]) -> bool:
    """Publish a drop-in if there is one, and return whether its name can be used."""
    path, drop_in = path_of(name), drop_ins.get(name)
    remote = found.remote.get(path)
    is_kept = remote is not None and policy == KEEP_REMOTE
    if drop_in is None or drop_in == remote or is_kept:
        found.is_done &= remote is not None
        return remote is not None
    if not is_whole(name, drop_in) or (remote is not None and policy == REFUSE):
        found.is_done = False
        return False
    assert remote is None or policy == REPLACE
    found.remote[path] = drop_in
    return True
