"""What people see while a command works: on a real terminal, wide and narrow."""

from __future__ import annotations

import io
import re
import shlex
import sys
from pathlib import Path
from typing import Protocol

import pytest

from pset_4.context import current
from pset_4.tasks.main import MainTask
from pset_4.terminal.bars import Bar, Bars
from pset_4.terminal.workload import Workload
from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project
from tests.support.terminal import Terminal, run_in_terminal

NAME = "[red]x.png"
RUNNER = f"""
until_shown() {{
    for i in $(seq 1200); do [ -e "$0.$1" ] && break; echo "$2"; sleep 0.05; done
}}
if [ "$3" = eval ]; then
    until_shown begun
    until_shown half '{{"progress": [8, 16]}}'
fi
exec {shlex.quote(sys.executable)} "$@"
"""
"""A program that paints, and says at the half of it how far it is, again and again: soon after the
begin nobody is told. It waits until people have seen both."""

COLOR = re.compile(r"\x1b\[[\d;]*\b3[0-8]\b[\d;]*m")


class LostTerminal(io.StringIO):
    """A terminal whose window was closed."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


class Paint(Protocol):
    """The type of the fixture `paint`."""

    def __call__(self, *options: str, begun: str, columns: int, **environment: str) -> Terminal:
        """Paint on a terminal; the program goes on once that shows the pattern `begun`."""


@pytest.fixture
def paint(
    directory_project: Project, make_python: MakePython, drawing: bytes, model: bytes
) -> Paint:
    """Paints an image with a name of markup in one style, in another program."""
    directory_project.drop(NAME, drawing)
    directory_project.drop("one.pth", model)
    python = str(make_python(RUNNER))
    command = directory_project.command("main", "--runner", "program", "--python", python)

    def run(*options: str, begun: str, columns: int, **environment: str) -> Terminal:
        milestones = {Path(f"{python}.begun"): begun, Path(f"{python}.half"): r"(?s) 50% .* 50% "}
        return run_in_terminal([*command, *options], columns, 30, milestones, **environment)

    return run


def bars_of(terminal: Terminal) -> list[str]:
    """Return the distinct lines with a bar that were shown at any time."""
    return [line for line in terminal.find("━") if line]


def test_a_wide_terminal_shows_bars_and_what_is_done(paint: Paint) -> None:
    terminal = paint(begun="━ .*  painting ", columns=100)

    assert terminal.exit_code == 0
    bars = bars_of(terminal)
    assert any(re.fullmatch(r" +0% ━+ 0/1", bar) for bar in bars)
    name = re.escape(NAME)
    assert any(re.fullmatch(rf" +━+ \d:\d\d  painting {name} in one.pth", bar) for bar in bars)
    assert any(re.fullmatch(r" 50% ━+[╸╺]?━* 0/1  \S+ MP/s  \d:\d\d left", bar) for bar in bars)
    assert any(re.fullmatch(rf" 50% ━+[╸╺]?━* \d:\d\d  painting .*{name}.*", bar) for bar in bars)
    assert f"painted stylized/one.pth/{NAME}" in terminal.lines
    assert "━" not in "".join(terminal.lines)
    assert COLOR.search(terminal.raw)


def test_a_narrow_terminal_without_colors_shows_the_same_in_two_lines(paint: Paint) -> None:
    line = rf"━+ +\d:\d\d {re.escape(NAME)}"

    terminal = paint(begun=line, columns=40, NO_COLOR="1")

    assert terminal.exit_code == 0
    assert any(re.fullmatch(f" 50% {line}", bar) for bar in bars_of(terminal))
    assert max(sum("━" in line for line in picture) for picture in terminal.pictures) == 2
    assert f"painted stylized/one.pth/{NAME}" in terminal.lines
    assert "━" not in "".join(terminal.lines)
    assert not COLOR.search(terminal.raw)


def test_a_long_name_gives_way_to_the_bars(
    directory_project: Project, paint: Paint, drawing: bytes
) -> None:
    name = "a name of more than forty characters.png"
    directory_project.drop(name, drawing)
    line = r"[━╸╺]{10} \d:\d\d a name of more tha…"

    bars = bars_of(paint("--image", name, begun=line, columns=40))

    assert any(re.fullmatch(f" 50% {line}", bar) for bar in bars)
    assert {len(match[0]) for bar in bars if (match := re.search("[━╸╺]+", bar))} == {10}


def test_each_picture_that_is_painted_has_a_bar(
    directory_project: Project, paint: Paint, drawing: bytes
) -> None:
    directory_project.drop("second.png", drawing)

    terminal = paint("--workers", "2", begun="(?s)━ .*  painting .*━ .*  painting ", columns=100)

    assert terminal.exit_code == 0
    assert any(
        all(
            sum("━" in line and f"painting {name} in one.pth" in line for line in picture) == 1
            for name in (NAME, "second.png")
        )
        and sum("━" in line for line in picture) == 3
        for picture in terminal.pictures
    )
    assert "━" not in "".join(terminal.lines)


def test_a_lost_terminal_ends_no_work() -> None:
    bars = Bars(LostTerminal(), lambda: [Bar(None, "short", "long")])

    bars.print("painted a.png")
    bars.close()


def test_work_is_weighted_by_pixels(directory_project: Project, drawing: bytes) -> None:
    pixels = 33 * 21
    directory_project.drop("a.png", drawing)
    with directory_project.in_force():
        whole = MainTask(image="a.png", model="one.pth")
        half = MainTask(image="a.png", model="two.pth", max_side=16)
        work = Workload([whole], current().settings), Workload([half], current().settings)

    assert work[0].work_of("a.png") == pixels
    assert work[1].work_of("a.png") == pytest.approx(pixels * (16 / 33) ** 2)


def test_the_estimate_grows_with_the_pixels_that_are_left(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch, drawing: bytes, photograph: bytes
) -> None:
    directory_project.drop("small.png", drawing)
    directory_project.drop("large.jpg", photograph)
    seconds = [100.0]
    monkeypatch.setattr("pset_4.terminal.workload.time.monotonic", lambda: seconds[0])
    with directory_project.in_force():
        small, large, unknown, old = (
            MainTask(image=image, model="one.pth")
            for image in ("small.png", "large.jpg", "remote.png", "old.png")
        )
        work = Workload([small, large, unknown, old], current().settings)
    work.start()
    work.settle(
        ("old.png", "one.pth"), ran=False
    )  # was there already: says nothing about the speed
    assert work.seconds_left() is None

    seconds[0] += 10
    work.settle(("small.png", "one.pth"), ran=True)

    sizes = 33 * 21, 96 * 72
    assert work.seconds_left() == pytest.approx(10 * (sizes[1] + sum(sizes) / 2) / sizes[0])
    assert (work.settled, work.count) == (2, 4)
