"""Networks of any member of the family: every kernel paints what their description defines."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from neural_style.engine import list_kernels
from neural_style.networks.description import NetworkDescription
from neural_style.networks.network import StyleNetwork
from neural_style.options import EXACT, FAST
from tests.support.networks.engine import measure_psnr, paint_with
from tests.support.networks.family import compute_by_definition, make_family_network
from tests.support.networks.styles import make_picture
from tests.support.reliability.tally import Count

pytest.importorskip("torch")
pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

Size = tuple[int, int]

KERNELS = list_kernels(EXACT)
EMULATED = "amx-emulated"
EMULATED_FAST = "amx-bf16-emulated"
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 32, 33)
"""Below, at and above what kernels compute at once."""

IMITATED = NetworkDescription(
    (8, 16, 32, 16, 8), 5, frozenset({"in1", "in2", "in3"}), output="sigmoid", input_levels=1
)
OF_26_STYLES = NetworkDescription(
    (32, 32, 32, 8, 4), 6, frozenset(), output="sigmoid", input_levels=1
)
MEMBERS = {"imitated": IMITATED, "of 26 styles": OF_26_STYLES}

SIZES = [(5, 5), (9, 6), (23, 37), (38, 21), (66, 131)]
LONG = [(1030, 9), (5, 600)]
"""More than one band of columns, or more than one strip of rows."""
EVERY_SMALL_SIZE = [(width, height) for width in range(5, 25) for height in range(5, 25)]


def draw_member(seed: int) -> NetworkDescription:
    random = np.random.default_rng(seed)
    first, second, third, fourth, fifth = map(int, random.choice(CHANNELS, 5))
    described = NetworkDescription(
        (first, second, third, fourth, fifth),
        blocks=int(random.integers(1, 4)),
        unnormalized=frozenset(),
        output="sigmoid" if random.random() < 0.5 else "levels",
        input_levels=1 if random.random() < 0.5 else 255,
    )
    unnormalized = frozenset(norm for norm in described.norms if random.random() < 0.3)
    return NetworkDescription(
        described.channels,
        described.blocks,
        unnormalized,
        output=described.output,
        input_levels=described.input_levels,
    )


def find_network(member: str | int) -> StyleNetwork:
    """Return the member of a name, or the random one of a number."""
    described = MEMBERS[member] if isinstance(member, str) else draw_member(member)
    return make_family_network(described)


@cache
def compute_expected(member: str | int, size: Size) -> NDArray[np.float64]:
    """Return the exact levels, cropped to the picture's size."""
    width, height = size
    levels = compute_by_definition(find_network(member), make_picture(width, height), {})
    return levels[:height, :width]


def find_errors(kernel: str, member: str | int, sizes: list[Size]) -> dict[Size, float]:
    """Return by how many levels pictures of these sizes differ, where it is more than one."""
    network, errors = find_network(member), {}
    for size in sizes:
        exact = compute_expected(member, size)
        expected = exact.round() if network.description.output == "sigmoid" else np.floor(exact)
        painted = paint_with(kernel, network, make_picture(*size))
        error = np.abs(painted - expected).max()
        if error > 1:
            errors[size] = float(error)
    return errors


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("member", [*MEMBERS, *range(12)])
def test_every_kernel_paints_what_the_description_defines(member: str | int, kernel: str) -> None:
    assert not find_errors(kernel, member, SIZES)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("member", MEMBERS)
def test_long_pictures_are_painted_as_defined(member: str, kernel: str) -> None:
    assert not find_errors(kernel, member, LONG)


@pytest.mark.parametrize("member", [*MEMBERS, 1, 2])
def test_emulated_tiles_paint_what_the_description_defines(member: str | int) -> None:
    assert not find_errors(EMULATED, member, [(5, 5), (23, 14)])


@pytest.mark.soak
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("member", [*MEMBERS, *range(20, 26)])
def test_every_small_size_is_painted_as_defined(
    member: str | int, kernel: str, count: Count
) -> None:
    count("engine, networks of the family").tried = len(EVERY_SMALL_SIZE)

    assert not find_errors(kernel, member, EVERY_SMALL_SIZE)


@pytest.mark.parametrize("kernel", [*list_kernels(FAST), EMULATED_FAST])
@pytest.mark.parametrize("member", MEMBERS)
def test_fast_painting_is_close(member: str, kernel: str) -> None:
    painted = paint_with(kernel, find_network(member), make_picture(38, 53))

    exact = np.asarray(compute_expected(member, (38, 53)), np.uint8)
    assert measure_psnr(painted, exact) >= 30  # it paints noise


@pytest.mark.parametrize("kernel", [*KERNELS, *list_kernels(FAST)])
@pytest.mark.parametrize("member", [*MEMBERS, 3, 4])
def test_the_number_of_threads_changes_no_bit(member: str | int, kernel: str) -> None:
    network, picture = find_network(member), make_picture(270, 190)

    painted = paint_with(kernel, network, picture, threads=3)

    assert (painted == paint_with(kernel, network, picture, threads=1)).all()


def test_styles_of_a_file_paint_alike_by_themselves_and_mixed() -> None:
    from neural_style.backends.engine import pack
    from neural_style.engine._core import Style

    many = NetworkDescription((9, 8, 7, 6, 5), 1, frozenset(), styles=2, output="sigmoid")
    network, picture = make_family_network(many), np.asarray(make_picture(33, 22))
    shared = pack(network, KERNELS[0])

    def paint(mix: dict[int, float]) -> NDArray[np.uint8]:
        painted = np.empty_like(picture)
        style = Style(shared, network.mixed(mix).weights)
        style.paint(picture, painted, np.zeros(shared.arena_bytes(22, 33), np.uint8), 1)
        return painted

    first, second, mixed = paint({0: 1.0}), paint({1: 1.0}), paint({0: 0.25, 1: 0.75})

    expected = compute_by_definition(network, make_picture(33, 22), {0: 0.25, 1: 0.75})[:22, :33]
    assert np.abs(mixed - expected.round()).max() <= 1
    assert (first != second).any()
    assert (paint({0: 1.0}) == first).all()
