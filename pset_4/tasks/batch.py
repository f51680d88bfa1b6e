"""Tasks that stand for one file or for many: the value of ``image`` joins their names.

Luigi looks at all tasks whenever it starts one, and creating a task takes it a millisecond. So ten
thousand images are a hundred tasks. `ImageParameter` lets Luigi join tasks itself, too. A task does
its work file by file, several at once, and a file that fails does not stop the others.
"""

from __future__ import annotations

import hashlib
import os
import socket
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from threading import local
from typing import Any, NamedTuple, TypeVar

import luigi
from luigi.target import FileSystemTarget

from csci_utils.errors import DescribedError, is_crowded
from csci_utils.transfers import work_on_many
from neural_style.system.interruption import check_interrupted, interrupted

from .. import context
from ..settings import Settings
from ..storage.records import reading_ahead
from ..storage.remote import target_at
from .events import report_begin, style_of
from .parameters import join_images, split_images

_Value = TypeVar("_Value")

BATCH = 100
"""How many images a task stands for, at most."""


class BatchError(DescribedError):
    """Some files of a task failed; the others are done."""

    def __init__(self, errors: Mapping[str, BaseException]) -> None:
        """Take the errors by name."""
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
        self.errors = errors


class BatchTask(luigi.Task):
    """A task for the file of each of its `names`."""

    max_batch_size = BATCH
    is_transfer = False
    """Whether the task only moves files, which goes on beside a painting."""

    @property
    def task_id(self) -> str:
        """The id, which tells one machine, data folder and remote from another.

        luigid knows a task by it, and must not take the file of one machine for that of another.
        """
        return f"{self._id_of_parameters}_{context.current().keep(name_place)}"

    @task_id.setter
    def task_id(self, task_id: str) -> None:
        self._id_of_parameters = task_id

    @classmethod
    @cache
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """Return the parameters by name. Luigi looks for them whenever a task is created."""
        return super().get_params()

    @property
    def batchable(self) -> bool:
        """Whether Luigi may join it with others.

        It joins neither what is joined already, nor what several workers have divided.
        """
        is_divided = context.current().settings.workers > 1 and not self.is_transfer
        return super().batchable and len(self.names) == 1 and not is_divided

    @property
    def names(self) -> Sequence[str]:
        """The names of its files: those of its images, unless a subclass says otherwise."""
        return split_images(getattr(self, "image", ""))

    @abstractmethod
    def path_of(self, name: str) -> str:
        """Return the path or URL of what the task makes of a name."""

    def target(self, name: str) -> FileSystemTarget:
        """Return what the task makes of a name."""
        return target_at(self.path_of(name))

    def output(self) -> Any:
        """Return the target of its name; with several names, a list of theirs."""
        targets = list(map(self.target, self.names))
        return targets[0] if len(targets) == 1 else targets

    @abstractmethod
    def is_done(self, name: str) -> bool:
        """Return whether the task is complete for a name."""

    def complete(self) -> bool:
        """Return whether the task is complete for all of its names."""
        return not self.list_missing()

    def list_missing(self) -> list[str]:
        """Return the names for which the task is not complete.

        Raises:
            BatchError: It could not be checked for some of several names.
        """
        missing: list[str] = []
        errors: dict[str, BaseException] = {}
        with self.sharing(), reading_ahead(self.names):
            for name in self.names:
                try:
                    if not self.is_done(name):
                        missing.append(name)
                except Exception as error:
                    errors[name] = error
        self.raise_errors(errors)
        return missing

    def accept_from_others(self) -> None:
        """Take note that another process did the task, if it was not done here."""

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """While the body runs, find only once what `is_done` needs for every name: see `share`."""
        earlier, self._shared.found = getattr(self._shared, "found", None), {}
        try:
            yield
        finally:
            self._shared.found = earlier

    @cached_property
    def _shared(self) -> local:
        return local()

    def share(self, what: str, find: Callable[[], _Value]) -> _Value:
        """Return what `find` returns; within `sharing` and in one thread, call it only once.

        Args:
            what: The name of what is found.
            find: Finds it.
        """
        found: dict[str, _Value] | None = getattr(self._shared, "found", None)
        if found is None:
            return find()
        if what not in found:
            found[what] = find()
        return found[what]

    def do_each(self, do: Callable[[str], None], names: Iterable[str] | None = None) -> None:
        """Do something for each name, several at once.

        Raises:
            BatchError: It failed for some of several names, and was done for the others.
        """
        chosen = list(self.names if names is None else names)
        errors: dict[str, BaseException] = {}

        def do_one(name: str) -> None:
            if not interrupted.is_set():
                report_begin(self, name)
                do(name)

        if len(chosen) == 1:
            do_one(chosen[0])
            return
        for outcome in work_on_many(do_one, chosen):
            if outcome.error is not None:
                errors[outcome.item] = outcome.error
        # A large file that fills the disk takes the room of those written in the same moment, and
        # so do open files.
        crowded = [name for name, error in errors.items() if is_crowded(error)]
        for outcome in work_on_many(do_one, crowded, threads=1):
            if outcome.error is None:
                del errors[outcome.item]
        check_interrupted()
        self.raise_errors(errors)

    def raise_errors(self, errors: Mapping[str, BaseException]) -> None:
        """Raise errors by name, if there are any: the error itself, for a task of one name."""
        if errors and len(self.names) == 1:
            (error,) = errors.values()
            raise error
        if errors:
            raise BatchError(errors)


def join_pairs(pairs: Iterable[tuple[str, str]], size: int = BATCH) -> Iterator[tuple[str, str]]:
    """Yield pairs of images and models, with the images of up to `size` pairs of a model joined.

    Where the pairs of models alternate, their batches do.
    """
    waiting: dict[str, list[str]] = {}
    for image, model in pairs:
        if len(waiting.get(model, ())) >= size:
            yield from ((join_images(images), each) for each, images in waiting.items())
            waiting = {}
        waiting.setdefault(model, []).append(image)
    yield from ((join_images(images), each) for each, images in waiting.items())


def join_batches(images: Sequence[str]) -> Iterator[str]:
    """Yield the names of images, up to `BATCH` of them joined."""
    return (join_images(images[begin : begin + BATCH]) for begin in range(0, len(images), BATCH))


def name_place(settings: Settings) -> str:
    """Return a short name for a machine, its data folder and its remote, for `Context.keep`."""
    places = "\0".join([socket.gethostname(), settings.data, settings.remote])
    return hashlib.sha256(os.fsencode(places)).hexdigest()[:8]


class Piece(NamedTuple):
    """What a task does for one of its files."""

    kind: str
    """The kind of the task; the id of one without names."""
    image: str | None
    """The image that it is about, if any."""
    model: str | None
    """The model that it is about, or the style that it paints, if any."""

    @property
    def pair(self) -> tuple[str | None, str | None]:
        """Image and model, which several kinds of tasks have in common."""
        return self.image, self.model


def list_pieces(task: luigi.Task) -> list[Piece]:
    """Return the pieces of a task; one without names is a single piece."""
    if not isinstance(task, BatchTask):
        return [find_piece(task, None)]
    kind, model = type(task).__name__, style_of(task)
    has_images = bool(getattr(task, "image", None))
    return [Piece(kind, name if has_images else None, model) for name in task.names]


def find_piece(task: luigi.Task, name: str | None) -> Piece:
    """Return the piece of a task for one of its names."""
    image, model = getattr(task, "image", None), style_of(task)
    if isinstance(task, BatchTask):
        return Piece(type(task).__name__, name if image else None, model)
    return Piece(task.task_id, image, model)


def leave_out(task: luigi.Task, pieces: Collection[Piece]) -> list[luigi.Task]:
    """Return the task that stands for the rest of a task; none if nothing is left."""
    if not isinstance(task, BatchTask) or not hasattr(task, "image"):
        return [task] if find_piece(task, None) not in pieces else []
    names = [name for name in task.names if find_piece(task, name) not in pieces]
    return [task.clone(image=join_images(names))] if names else []


def list_errors(task: luigi.Task, error: BaseException) -> dict[str | None, BaseException]:
    """Return what failed, by name; None stands for a task without names."""
    if isinstance(error, BatchError):
        return dict(error.errors.items())
    names = task.names if isinstance(task, BatchTask) else ()
    return {names[0] if len(names) == 1 else None: error}
