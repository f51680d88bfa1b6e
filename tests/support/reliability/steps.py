"""One random step after another: what people, programs and accidents do, and commands."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

from pset_4.storage.conflicts import CONFLICT_CHOICES, REFUSE
from tests.support.pipeline.database import DATABASE, list_records, remove_record

from .forks import Ending, Fork
from .prediction import Prediction, predict, predict_repair
from .tally import Tally
from .versions import IMAGES, MODELS, PATHS, VERSIONS, make_version
from .world import CACHED, World

COMMANDS = {"main": 4, "stylize": 2, "upload": 2, "download": 2}
"""The commands that are run, with their weights."""

MOST_EVENTS = 400
"""About how many events a command has; some of those that are to be killed later are not."""

SHOWN_STEPS = 40
"""How many of the last steps are printed after a failure."""

NAMES = (*IMAGES, *MODELS)


class Walker:
    """Takes random steps in a world, and checks what must hold after each."""

    def __init__(self, world: World, seed: int, tally: Tally | None = None) -> None:
        """Start with nothing there.

        Args:
            world: Where the steps are taken.
            seed: What they depend on, besides the order in which two processes work.
            tally: Where they are counted.
        """
        self.world = world
        self.steps: list[str] = []
        """What was done so far."""
        self.tally = tally or Tally("", seed)
        self._rng = random.Random(seed)
        self._kinds: dict[Callable[[], str], int] = {
            self._drop: 10,
            self._take_back: 4,
            self._alter_remote: 8,
            self._remove_from_remote: 4,
            self._wipe: 2,
            self._damage: 8,
            self._lose_records: 3,
            self._run: 20,
            self._run_twice: 3,
            self._verify: 3,
            self._status: 3,
            self._kill: 4,
            self._run_two: 1,
            self._run_on_two_machines: 1,
        }

    def walk(self, count: int) -> None:
        """Take steps.

        Raises:
            AssertionError: The last of `steps` broke a promise.
        """
        try:
            for _ in range(count):
                (step,) = self._rng.choices(list(self._kinds), list(self._kinds.values()))
                self.steps.append(step.__name__)
                self.steps[-1] = step()
                self.count()
        except BaseException:
            print(f"Step {len(self.steps)} of the walk with the seed {self.tally.seed}, after:")
            print(*self.steps[-SHOWN_STEPS:], sep="\n")
            raise

    def count(self) -> None:
        """Count a step."""
        self.tally.tried += 1

    # What people and other programs do.

    def _drop(self) -> str:
        name, number = self._rng.choice(NAMES), self._choose_version()
        self.world.drop(name, make_version(name, number))
        return f"drop {name} {number}"

    def _take_back(self) -> str:
        name = self._rng.choice(NAMES)
        self.world.take_back(name)
        return f"take back {name}"

    def _alter_remote(self) -> str:
        if self.world.remote and self._rng.random() < 0.3:
            path = self._rng.choice([*self.world.remote])
            if path.startswith("stylized/"):
                self.world.put(path, b"not what was painted")
                return f"alter {path} in the remote"
        name, number = self._rng.choice(NAMES), self._choose_version()
        path = next(path for path in PATHS if path.endswith(name))
        self.world.put(path, make_version(name, number))
        return f"put {path} {number}"

    def _remove_from_remote(self) -> str:
        path = self._rng.choice([*self.world.remote, *PATHS])
        self.world.remove(path)
        return f"remove {path} from the remote"

    def _choose_version(self) -> int:
        """Return the number of a version, rarely of the one that is cut off."""
        return self._rng.choice((0, *range(1, VERSIONS), *range(1, VERSIONS)))

    # Accidents on this machine.

    def _wipe(self) -> str:
        folder = self._rng.choice(CACHED)
        shutil.rmtree(self.world.project.data / folder, ignore_errors=True)
        self.world.local = self.world.read_cache()
        return f"wipe {folder}"

    def _damage(self) -> str:
        if not self.world.local:
            return "damage nothing"
        path = self._rng.choice([*self.world.local])
        content = bytearray(self.world.local[path])
        how = self._rng.choice(("flip", "truncate", "empty", "swap"))
        if how == "flip" and content:
            content[self._rng.randrange(len(content))] ^= 1
        elif how == "swap":
            content = bytearray(self.world.local[self._rng.choice([*self.world.local])])
        else:
            del content[0 if how == "empty" else len(content) // 2 :]
        self.world.damage(path, bytes(content), is_visible=how != "swap")
        return f"{how} {path}"

    def _lose_records(self) -> str:
        path = self.world.project.data / DATABASE
        if not path.exists():
            return "lose no records"
        if self._rng.random() < 0.3:
            content = bytearray(path.read_bytes())
            at = self._rng.randrange(len(content))
            content[at : at + 100] = self._rng.randbytes(100)
            path.write_bytes(content)
            return "damage the records"
        records = list_records(self.world.project.data)
        lost = [record for record in records if self._rng.random() < 0.5]
        for record in lost:
            remove_record(self.world.project.data, record)
        return f"lose {len(lost)} records"

    # Commands.

    def _run(self) -> str:
        words, predicted = self._choose_command()
        self._check(predicted, self._invoke(*words))
        return " ".join(words)

    def _run_twice(self) -> str:
        words, predicted = self._choose_command()
        self._check(predicted, self._invoke(*words))
        if predicted.is_done:
            again = self.world.project.run_well(*words)
            assert (again["painted"], again["published"], again["fetched"]) == (0, 0, 0)
        return " ".join(words) + ", twice"

    def _verify(self) -> str:
        words = ["verify", *self._rng.choice(([], ["--repair"]))]
        predicted = predict_repair(self.world.local, self.world.remote)
        ending = self._invoke(*words)
        assert ending.exit_code in (0, 1)
        assert "Traceback" not in ending.stderr
        self.world.check_always(predicted if len(words) > 1 else Prediction(self.world.remote))
        damaged = self.world.damaged.items() & self.world.local.items()
        assert not (damaged and ending.exit_code == 0)
        self.tally.refused += ending.exit_code == 1
        return " ".join(words)

    def _status(self) -> str:
        self.world.check_status()
        return "status"

    # Disturbed commands.

    def _kill(self) -> str:
        words, predicted = self._choose_command()
        event = self._rng.randrange(1, MOST_EVENTS)
        ending = Fork(lambda: self.world.project.run(*words), event).wait()
        self._check_disturbed(predicted, ending)
        return " ".join(words) + f", killed before event {event}"

    def _run_two(self) -> str:
        words, predicted = self._choose_command()
        forks = [Fork(lambda: self.world.project.run(*words)) for _ in range(2)]
        endings = [fork.wait() for fork in forks]
        for ending in endings:
            self._check_disturbed(predicted, ending)
        return " ".join(words) + ", two at once"

    def _run_on_two_machines(self) -> str:
        """Run two commands at once on machines with the same drop-ins, then one on each."""
        other = self.world.copy_machine()
        (words, predicted), (other_words, other_predicted) = (
            self._choose_command(),
            self._choose_command(),
        )
        forks = [
            Fork(lambda: self.world.project.run(*words)),
            Fork(lambda: other.run(*other_words)),
        ]
        endings = [fork.wait() for fork in forks]
        self.world.check_two([predicted, other_predicted], endings, other)
        self.tally.refused += any(ending.exit_code for ending in endings)
        words_after, predicted = self._choose_command()
        self._check(predicted, self._invoke(*words_after))
        other.run_well("download")
        self.world.check_copies(other)
        return f"{' '.join(words)} beside {' '.join(other_words)}, then {' '.join(words_after)}"

    def _choose_command(self) -> tuple[list[str], Prediction]:
        (command,) = self._rng.choices(list(COMMANDS), list(COMMANDS.values()))
        policy = self._rng.choice(CONFLICT_CHOICES)
        takes_policy = command != "download" and policy != REFUSE
        words = [command, *(["--on-conflict", policy] if takes_policy else [])]
        return words, predict(command, policy, self.world.drop_ins, self.world.remote)

    def _invoke(self, *words: str) -> Ending:
        result = self.world.project.run(*words)
        return Ending(result.exit_code, result.stderr)

    def _check(self, predicted: Prediction, ending: Ending) -> None:
        self.tally.refused += ending.exit_code == 1
        self.world.check(predicted, ending)

    def _check_disturbed(self, predicted: Prediction, ending: Ending) -> None:
        self.tally.refused += ending.exit_code != 0
        self.world.check_disturbed(predicted, ending)
        self.world.check_status()
