"""Commands that are killed while they fetch, publish, paint or save."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

from csci_utils.atomic import TEMPORARY_PREFIX
from pset_4.names import DEFAULT_MODEL
from pset_4.storage.conflicts import REFUSE, REPLACE
from tests.support.networks.models import make_model

from .forks import Ending, Fork
from .prediction import Prediction, predict
from .tally import Tally
from .versions import make_image
from .world import World

IMAGE = "photo.png"
SIDE = 200
"""Of the image, in pixels; the file has 120 kB."""
BASE_WIDTH = 16
"""Of the model; painting takes about as long as the rest of the command."""


@dataclass(frozen=True)
class Stage:
    """A part of a command that is killed in."""

    words: tuple[str, ...]
    """The command, and what it does about conflicts."""
    prepare: Callable[[World, int], None]
    """Undo what the command did, with a version of the image by its number."""
    by_event: bool = True
    """Whether to kill before events of the writing."""
    by_time: bool = True
    """Whether to kill after a time."""


def _drop_another(world: World, number: int) -> None:
    world.drop(IMAGE, make_image(IMAGE, number, SIDE))


def _drop_new(world: World, number: int) -> None:
    world.remove(f"images/{IMAGE}")
    _drop_another(world, number)


def _wipe(folder: str) -> Callable[[World, int], None]:
    def wipe(world: World, _: int) -> None:
        shutil.rmtree(world.project.data / folder, ignore_errors=True)
        world.local = world.read_cache()

    return wipe


STAGES = {
    "download": Stage(("download",), _wipe("images")),
    "upload": Stage(("upload",), _drop_new),
    "replacement": Stage(("upload", "--on-conflict", REPLACE), _drop_another),
    "painting": Stage(("stylize",), _wipe("stylized"), by_event=False),
    "saving": Stage(("stylize",), _wipe("stylized"), by_time=False),
}
"""The stages, by name."""


class Killer:
    """Kills a command again and again, and checks what is left and what the next run does."""

    def __init__(self, world: World, stage: Stage, seed: int, tally: Tally) -> None:
        """Run the command once, to learn what it does and how long that takes."""
        self._world, self._stage, self._tally = world, stage, tally
        self._rng = random.Random(seed)
        world.drop(IMAGE, make_image(IMAGE, 0, SIDE))
        world.drop(DEFAULT_MODEL, make_model(1, BASE_WIDTH))
        self._finish("main")
        stage.prepare(world, 1)
        begin = time.monotonic()
        self._points = self._list_points(self._start().wait())
        self._seconds = time.monotonic() - begin
        self._finish(*stage.words)

    def kill(self, count: int) -> None:
        """Kill the command until that many kills came before its end.

        Raises:
            AssertionError: A kill broke a promise, or most kills come too late.
        """
        for number in range(2, 2 + 4 * count):
            if self._tally.tried == count:
                return
            self._stage.prepare(self._world, number)
            by_event = self._stage.by_event and not (self._stage.by_time and number % 2)
            ending = self._kill_at_event() if by_event else self._kill_after_a_time()
            self._tally.tried += ending.exit_code is None
            self._world.check_disturbed(self._predict(*self._stage.words), ending)
            self._finish(*self._stage.words)
        raise AssertionError(f"only {self._tally.tried} kills of {count} came before the end")

    def _list_points(self, whole: Ending) -> Iterator[int]:
        """Return the numbers of all events from the first write on, shuffled, again and again."""
        first = next(i for i, event in enumerate(whole.events, 1) if TEMPORARY_PREFIX in event)
        points = list(range(first, len(whole.events) + 1))
        self._rng.shuffle(points)
        return cycle(points)

    def _kill_at_event(self) -> Ending:
        return self._start(next(self._points)).wait()

    def _kill_after_a_time(self) -> Ending:
        begin, fork = time.monotonic(), self._start()
        if fork.has_ended(self._rng.uniform(0, self._seconds)):
            self._seconds = time.monotonic() - begin  # the machine has become faster
        else:
            fork.kill()
        return fork.wait()

    def _start(self, fatal_event: int | None = None) -> Fork:
        return Fork(lambda: self._world.project.run(*self._stage.words), fatal_event)

    def _finish(self, *words: str) -> None:
        """Run a command, and check that it does all and leaves nothing."""
        result = self._world.project.run(*words)
        self._world.check(self._predict(*words), Ending(result.exit_code, result.stderr))

    def _predict(self, command: str, *policy: str) -> Prediction:
        choice = policy[-1] if policy else REFUSE
        return predict(command, choice, self._world.drop_ins, self._world.remote)
