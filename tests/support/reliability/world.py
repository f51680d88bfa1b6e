"""A machine and a remote, changed at random, and what must hold after each command."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from csci_utils.atomic import TEMPORARY_PREFIX
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

from .forks import Ending
from .prediction import Files, Prediction, path_of
from .versions import IMAGES, MODELS, PATHS, paint

CACHED = ("images", "saved_models", "stylized")
"""The folders that commands write."""


@dataclass
class World:
    """What is where, as a test knows it without asking the code under test."""

    project: Project
    store: RemoteStore
    drop_ins: Files = field(default_factory=dict)
    """The contents of the drop-ins, by name."""
    remote: Files = field(default_factory=dict)
    """The contents of the remote, by path."""
    local: Files = field(default_factory=dict)
    """The contents of cached files and results on this machine, by path."""
    damaged: Files = field(default_factory=dict)
    """What accidents made of local files, by path."""
    _times: dict[str, tuple[int, int]] = field(default_factory=dict)

    # What people and other programs do.

    def drop(self, name: str, content: bytes) -> None:
        """Drop a file in, or replace it."""
        status = self.project.drop(name, content).stat()
        self.drop_ins[name] = content
        self._times[name] = (status.st_ino, status.st_mtime_ns)

    def take_back(self, name: str) -> None:
        """Remove a drop-in, if it is there."""
        if self.drop_ins.pop(name, None) is not None:
            (self.project.uploads / name).unlink()

    def put(self, path: str, content: bytes) -> None:
        """Create or replace a file in the remote."""
        self.store.write(path, content)
        self.remote[path] = content

    def remove(self, path: str) -> None:
        """Remove a file from the remote, if it is there."""
        if self.remote.pop(path, None) is not None:
            self.store.remove(path)

    def damage(self, path: str, content: bytes, is_visible: bool) -> None:
        """Alter a file on this machine.

        Args:
            path: The file.
            content: Its new bytes.
            is_visible: Whether no command would ever write these bytes there.
        """
        (self.project.data / path).write_bytes(content)
        self.local[path] = content
        if is_visible:
            self.damaged[path] = content

    def copy_machine(self) -> Project:
        """Return a new machine with copies of the drop-ins, and the same remote."""
        other = Project(self.project.folder.with_name("other"), self.project.remote_url)
        shutil.rmtree(other.folder, ignore_errors=True)
        for name, content in self.drop_ins.items():
            other.drop(name, content)
        return other

    # What must hold.

    def check(self, predicted: Prediction, ending: Ending) -> None:
        """Check what a command came to that nothing disturbed, and go on from there.

        Raises:
            AssertionError: It did not come to what was predicted.
        """
        assert ending.exit_code == predicted.exit_code, ending.stderr
        assert_reported(ending)
        self.check_always(predicted)
        self._check_all_there(predicted)
        assert self.read_local(predicted.fetched) == predicted.fetched
        assert list(self.find_temporaries()) == []

    def check_disturbed(self, predicted: Prediction, ending: Ending) -> None:
        """Check what a command came to that was killed, or disturbed by another or the network.

        Raises:
            AssertionError: Something is there that is neither what was there nor what was
                predicted, or success is claimed and something is missing.
        """
        assert_reported(ending)
        self.check_always(predicted)
        if ending.exit_code == 0:
            assert predicted.is_done
            self._check_all_there(predicted)

    def check_two(
        self, predicted: Sequence[Prediction], endings: Sequence[Ending], other: Project
    ) -> None:
        """Check what two commands came to that ran at once, this one and one of `copy_machine`.

        Args:
            predicted: What each would have come to alone.
            endings: How they ended.
            other: The other machine.

        Raises:
            AssertionError: A file is not whole, or not of what was there or predicted.
        """
        for ending in endings:
            assert_reported(ending)
        self._check_drop_ins()
        allowed = _combine([self.remote, *(prediction.remote for prediction in predicted)])
        local, names = self.read_cache(), other.files(*CACHED)
        for path, content in local.items():
            assert content in {self.local.get(path), *allowed[path]}, path
        for path in names:
            assert (other.data / path).read_bytes() in allowed[path], path
        self.local = local
        self.remote = {path: self.store.read(path) for path in self.store.list()}
        for path, content in self.remote.items():
            assert content in allowed[path], path
        assert not any(map(is_temporary, (*self.find_temporaries(), *names)))

    def check_copies(self, other: Project) -> None:
        """Check that another machine, which ran `download`, has what the remote has.

        Raises:
            AssertionError: It has not.
        """
        found = {path: (other.data / path).read_bytes() for path in other.files(*CACHED[:2])}
        inputs = {path: self.remote[path] for path in PATHS if path in self.remote}
        assert {path: found.get(path) for path in inputs} == inputs

    def check_always(self, predicted: Prediction) -> None:
        """Check that each file is what it was or what was predicted, and each drop-in untouched.

        Raises:
            AssertionError: One is not.
        """
        self._check_drop_ins()
        local = self.read_cache()
        allowed = {**predicted.remote, **predicted.results}
        for path, content in local.items():
            assert content in (self.local.get(path), allowed.get(path)), path
        self.local = local
        self.remote = self._follow_remote(predicted.remote)

    def _check_drop_ins(self) -> None:
        for name, content in self.drop_ins.items():
            path = self.project.uploads / name
            status = path.stat()
            assert path.read_bytes() == content
            assert (status.st_ino, status.st_mtime_ns) == self._times[name]

    def _follow_remote(self, predicted: Files) -> Files:
        """Return what the remote holds, each file as it was or as it was predicted."""
        found = {p: value for p, value in self.store.digests().items() if not is_temporary(p)}
        before, after = digest(self.remote), digest(predicted)
        for path in {*before, *found}:
            assert found.get(path) in (before.get(path), after.get(path)), path
        return {
            path: (self.remote if value == before.get(path) else predicted)[path]
            for path, value in found.items()
        }

    def _check_all_there(self, predicted: Prediction) -> None:
        assert self.remote == predicted.remote
        assert self.read_local(predicted.results) == predicted.results

    def check_status(self) -> None:
        """Check that `status` calls nothing current or published that is not.

        Raises:
            AssertionError: It does.
        """
        status = self.project.status()
        for found in (*status["images"], *status["models"]):
            path = path_of(found["name"])
            if found["cache"] == "current":
                assert self.local[path] == self.remote[path]
            is_other = self.drop_ins.get(found["name"]) not in (None, self.remote.get(path))
            has_conflict = path in self.remote and is_other
            assert (found["drop_in"] == "conflict") == has_conflict
            assert (found["remote"] == "yes") == (path in self.remote)
        for found in status["results"]:
            self._check_result(found)

    def _check_result(self, found: Mapping[str, str]) -> None:
        path = f"stylized/{found['model']}/{found['image']}"
        if found["local"] == "current":
            inputs = [self.remote.get(path_of(found[kind])) for kind in ("image", "model")]
            assert None not in inputs
            assert self.local[path] == paint(found["image"], found["model"], *filter(None, inputs))
        if found["local"] and found["remote"]:
            is_same = self.local[path] == self.remote[path]
            assert (found["remote"] == "yes") == is_same

    # What is there.

    def read_cache(self) -> Files:
        """Return the contents of all cached files and results, without what a kill left."""
        paths = [path for path in self.project.files(*CACHED) if not is_temporary(path)]
        return self.read_local(paths)

    def read_local(self, paths: Mapping[str, bytes] | list[str]) -> Files:
        """Return the contents of those of these files that are on this machine."""
        found = {path: self.project.data / path for path in paths}
        return {path: file.read_bytes() for path, file in found.items() if file.is_file()}

    def find_temporaries(self) -> Iterator[str]:
        """Yield what commands leave behind only if they are killed."""
        for root in (self.project.folder, Path(tempfile.gettempdir())):
            yield from (str(path) for path in root.rglob("*") if is_temporary(str(path)))
        yield from filter(is_temporary, self.store.list())


def _combine(remotes: Sequence[Files]) -> defaultdict[str, set[bytes]]:
    """Return what may be at each path if the inputs at different times are those of `remotes`."""
    allowed = defaultdict[str, set[bytes]](set)
    for remote in remotes:
        for path, content in remote.items():
            allowed[path].add(content)
    for image, model in product(IMAGES, MODELS):
        inputs = product(allowed[path_of(image)], allowed[path_of(model)])
        painted = (paint(image, model, *contents) for contents in inputs)
        allowed[f"stylized/{model}/{image}"].update(filter(None, painted))
    return allowed


def digest(files: Files) -> dict[str, str]:
    """Return the MD5 of each file."""
    return {path: hashlib.md5(content).hexdigest() for path, content in files.items()}


def is_temporary(path: str) -> bool:
    """Return whether a file is one of a write in progress."""
    name = path.rpartition("/")[2]
    return TEMPORARY_PREFIX in path or (name.startswith(".") and name.endswith(".lock"))


def assert_reported(ending: Ending) -> None:
    """Check that a failure is told in lines, and success in none."""
    assert "Traceback" not in ending.stderr
    lines = [
        line for line in ending.stderr.splitlines() if line.startswith(("failed: ", "error: "))
    ]
    assert bool(lines) == (ending.exit_code == 1), ending.stderr
