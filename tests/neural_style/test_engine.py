"""The C++ engine against PyTorch in fp32, kernel by kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neural_style
from neural_style import Style, StyleError
from neural_style.backends.loading import load_weights
from neural_style.engine import KERNEL_VARIABLE, list_kernels
from neural_style.formats.weights import Weights
from neural_style.options import EXACT, FAST, PaintingOptions

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
_core = pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

from neural_style.backends.pytorch import TorchStyle  # noqa: E402
from neural_style.formats.checkpoint import load_network  # noqa: E402  (both need torch)

AssertClose = Callable[..., None]
MakeState = Callable[..., dict[str, Any]]
MakePicture = Callable[..., Image.Image]
LoadBoth = Callable[..., "tuple[Style, Style]"]

KERNELS = list_kernels(EXACT)
FAST_KERNELS = list_kernels(FAST)
OFFICIAL = ("candy", "mosaic", "rain_princess", "udnie")


def is_stable(size: tuple[int, int]) -> bool:
    """Whether rounding does not decide on what a picture of this size becomes.

    It does where a whole layer is the same along one direction: normalization takes the rounding
    errors, which are all the contrast there is, for contrast. On 1x1 px PyTorch's own fp32 is 114
    levels from its fp64.
    """
    return min(size) > 1 or max(size) > 16


TINY = [(x, y) for x in range(1, 13) for y in range(1, 13) if is_stable((x, y))]
# Each residue of 4 and of 16 beside each, and what lies around 16, 32 and 64.
SMALL = [(width, (width * 7) % 52 + 13) for width in range(13, 65)]
# Beyond one block of columns and one strip of rows, in one direction and the other.
LONG = [(1030, 21), (21, 1030), (1025, 37), (300, 270), (5, 600), (600, 5), (2049, 5)]


@pytest.fixture
def load_both(monkeypatch: pytest.MonkeyPatch) -> LoadBoth:
    """A checkpoint painted by a kernel, and by PyTorch."""

    def load(path: Path, kernel: str, **options: Any) -> tuple[Style, Style]:
        monkeypatch.setenv(KERNEL_VARIABLE, kernel)
        alone = PaintingOptions(threads=1)  # small pictures wait for threads longer than they take
        by_torch = TorchStyle(path, load_weights(path), torch.device("cpu"), alone)
        return neural_style.load(path, **options), by_torch

    return load


@pytest.fixture(scope="module")
def make_path(
    make_state: MakeState, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Path]:
    """A style of random weights, of some width."""
    folder = tmp_path_factory.mktemp("widths")

    def make(base_width: int) -> Path:
        path = folder / f"{base_width}.safetensors"
        if not path.exists():
            path.write_bytes(safetensors.save(make_state(base_width)))
        return path

    return make


def check_sizes(
    sizes: list[tuple[int, int]], styles: tuple[Style, Style], make_picture: MakePicture
) -> None:
    """Both styles paint pictures of these sizes alike, within one level."""
    far: dict[tuple[int, int], dict[int, int]] = {}
    for size in sizes:
        picture = make_picture(*size)
        painted, expected = (np.asarray(style(picture), dtype=int) for style in styles)
        assert painted.shape == expected.shape
        counts = np.bincount(np.abs(painted - expected).ravel())
        if len(counts) > 2:
            far[size] = {error: int(count) for error, count in enumerate(counts) if count}
    assert not far, f"values by their error in levels, for each size: {far}"


def paint_with(kernel: str, weights: Weights, picture: Image.Image, threads: int) -> Any:
    """What a kernel paints, be it an emulated one."""
    network = _core.Network(weights, kernel)
    colors = np.ascontiguousarray(picture)
    arena = np.full(network.arena_bytes(*colors.shape[:2]), 255, np.uint8)  # NaN
    painted = np.empty_like(colors)
    network.paint(colors, painted, arena, threads)
    return painted


# The same pictures


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sizes", [TINY, SMALL, LONG], ids=["tiny", "small", "long"])
def test_pictures_of_all_sizes_are_painted_as_pytorch_does(
    sizes: list[tuple[int, int]],
    kernel: str,
    load_both: LoadBoth,
    make_path: Callable[[int], Path],
    make_picture: MakePicture,
) -> None:
    check_sizes(sizes, load_both(make_path(8), kernel), make_picture)


@pytest.mark.soak
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("width", range(1, 65))
def test_every_size_up_to_64_is_painted_as_pytorch_does(
    width: int,
    kernel: str,
    load_both: LoadBoth,
    make_path: Callable[[int], Path],
    make_picture: MakePicture,
) -> None:
    sizes = [(width, height) for height in range(1, 65) if is_stable((width, height))]
    check_sizes(sizes, load_both(make_path(8), kernel), make_picture)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("base_width", [1, 3, 12, 16, 32, 40])
def test_networks_of_all_widths_are_painted_as_pytorch_does(
    base_width: int,
    kernel: str,
    load_both: LoadBoth,
    make_path: Callable[[int], Path],
    make_picture: MakePicture,
) -> None:
    sizes = [(5, 5), (37, 23), (66, 131)]
    check_sizes(sizes, load_both(make_path(base_width), kernel), make_picture)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", OFFICIAL)
def test_photographs_are_painted_as_pytorch_does(
    name: str,
    kernel: str,
    load_both: LoadBoth,
    weights_dir: Path,
    photo_path: Path,
    assert_close: AssertClose,
) -> None:
    style, by_torch = load_both(weights_dir / f"{name}.pth", kernel)
    photo = neural_style.load_picture(photo_path).resize((167, 111))
    assert_close(style(photo), by_torch(photo), within=1)


@pytest.mark.soak
def test_a_photograph_of_24_megapixels_is_painted_as_pytorch_does(
    make_path: Callable[[int], Path], photo_path: Path
) -> None:
    from bench import strips  # PyTorch itself would take 25 GB

    path = make_path(32)
    photo = neural_style.load_picture(photo_path).resize((6000, 4000), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[np.newaxis].float()
    with torch.inference_mode():
        painted = strips.paint(load_network(path), pixels)[0].clamp(0, 255).byte()
    expected = painted.permute(1, 2, 0).numpy().astype(np.int16)
    for kernel in KERNELS:
        difference = np.abs(paint_with(kernel, load_weights(path), photo, threads=2) - expected)
        counts = np.bincount(difference.ravel())
        assert len(counts) <= 2, f"values by their error in levels, by {kernel}: {counts}"


ENLARGED = (1632, 1224)  # from 451x300: smooth, which is the hardest to paint in bf16


@pytest.mark.parametrize("kernel", [*FAST_KERNELS, "amx-bf16-emulated"])
@pytest.mark.parametrize("name", OFFICIAL)
@pytest.mark.parametrize(
    ("size", "box", "least"),
    [
        ((167, 111), None, 45),
        (ENLARGED, (500, 300, 700, 456), 47),
        pytest.param(ENLARGED, None, 45, marks=pytest.mark.soak),
    ],
    ids=["small", "smooth", "large"],
)
def test_fast_painting_is_close_to_that_of_pytorch(
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None,
    least: float,
    name: str,
    kernel: str,
    weights_dir: Path,
    photo_path: Path,
) -> None:
    path = weights_dir / f"{name}.pth"
    photo = neural_style.load_picture(photo_path).resize(size).crop(box)
    expected = TorchStyle(path, load_weights(path), torch.device("cpu"), PaintingOptions())(photo)
    painted = paint_with(kernel, load_weights(path), photo, threads=2)
    noise = np.square(painted - np.asarray(expected, dtype=float)).mean()
    assert 10 * np.log10(255**2 / noise) >= least


@pytest.mark.parametrize("kernel", KERNELS + FAST_KERNELS)
@pytest.mark.parametrize("size", [(1, 1), (1, 8), (70, 45)])
def test_pictures_of_one_color_are_painted(
    size: tuple[int, int],
    kernel: str,
    make_path: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KERNEL_VARIABLE, kernel)  # what they become, rounding decides: `is_stable`
    assert neural_style.load(make_path(8))(Image.new("RGB", size, "green")).size == size


@pytest.mark.parametrize("kernel", KERNELS)
def test_pictures_of_little_contrast_are_painted_as_pytorch_does(
    kernel: str,
    load_both: LoadBoth,
    make_path: Callable[[int], Path],
    make_picture: MakePicture,
    assert_close: AssertClose,
) -> None:
    style, by_torch = load_both(make_path(8), kernel)
    picture = make_picture(90, 60).point(lambda level: 250 + level // 64)
    assert_close(style(picture), by_torch(picture), within=1)


@pytest.mark.parametrize("kernel", KERNELS + FAST_KERNELS)
@pytest.mark.parametrize("threads", [2, 3, 7])
def test_the_number_of_threads_changes_no_bit(
    threads: int,
    kernel: str,
    make_path: Callable[[int], Path],
    make_picture: MakePicture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KERNEL_VARIABLE, kernel)
    picture = make_picture(270, 190)
    alone = neural_style.load(make_path(8), threads=1)
    assert neural_style.load(make_path(8), threads=threads)(picture) == alone(picture)


@pytest.mark.parametrize("kernel", KERNELS + FAST_KERNELS)
@pytest.mark.parametrize("name", ["conv1.conv2d.weight", "res3.conv1.conv2d.weight"])
def test_values_beyond_fp32_are_an_error(
    name: str,
    kernel: str,
    make_state: MakeState,
    make_picture: MakePicture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = make_state()
    state[name] = torch.full_like(state[name], 3e38)
    path = tmp_path / "huge.safetensors"
    path.write_bytes(safetensors.save(state))
    monkeypatch.setenv(KERNEL_VARIABLE, kernel)
    with pytest.raises(StyleError, match=r"huge\.safetensors: expected finite colors"):
        neural_style.load(path)(make_picture())


# The kernels for tiles, whose instructions may be emulated where the processor has none


@pytest.fixture
def paint_emulated(make_state: MakeState) -> Callable[..., tuple[Any, Any]]:
    """What a kernel paints with one thread and with three, as numbers."""

    def paint(kernel: str, picture: Image.Image, base_width: int) -> tuple[Any, Any]:
        state = {name: value.numpy() for name, value in make_state(base_width).items()}
        return paint_with(kernel, state, picture, 1), paint_with(kernel, state, picture, 3)

    return paint


@pytest.mark.parametrize("base_width", [8, 32])
@pytest.mark.parametrize("size", [(5, 5), (23, 37), (38, 21)])
def test_tiles_of_two_bf16_paint_as_fp32_does(
    size: tuple[int, int],
    base_width: int,
    paint_emulated: Callable[..., tuple[Any, Any]],
    make_path: Callable[[int], Path],
    load_both: LoadBoth,
    make_picture: MakePicture,
) -> None:
    picture = make_picture(*size)
    painted, by_three = paint_emulated("amx-emulated", picture, base_width)
    assert (painted == by_three).all()
    _, by_torch = load_both(make_path(base_width), KERNELS[0])
    errors = np.bincount(np.abs(painted - np.asarray(by_torch(picture), dtype=int)).ravel())
    assert len(errors) <= 2, f"values by their error in levels: {errors}"


def test_tiles_of_one_bf16_paint_about_as_fp32_does(
    paint_emulated: Callable[..., tuple[Any, Any]],
    make_path: Callable[[int], Path],
    load_both: LoadBoth,
    make_picture: MakePicture,
) -> None:
    picture = make_picture(38, 53)
    painted, by_three = paint_emulated("amx-bf16-emulated", picture, 32)
    assert (painted == by_three).all()
    _, by_torch = load_both(make_path(32), KERNELS[0])
    noise = np.square(painted - np.asarray(by_torch(picture), dtype=float)).mean()
    assert 10 * np.log10(255**2 / noise) >= 30  # it is a picture of noise, by random weights


# What the compiled part refuses


@pytest.fixture
def network(make_state: MakeState) -> Any:
    state = {name: value.numpy() for name, value in make_state().items()}
    return _core.Network(state, KERNELS[0])


@pytest.mark.parametrize(
    ("picture", "painted", "threads"),
    [
        ((4, 9), (4, 9), 1),
        ((9, 4), (9, 4), 1),
        ((9, 9), (9, 8), 1),
        ((9, 9), (9, 9), 0),
    ],
    ids=["low", "narrow", "sizes", "threads"],
)
def test_arguments_that_do_not_fit_are_refused(
    picture: tuple[int, int], painted: tuple[int, int], threads: int, network: Any
) -> None:
    colors, target = np.zeros((*picture, 3), np.uint8), np.zeros((*painted, 3), np.uint8)
    with pytest.raises(ValueError, match=r"expected|small|same size"):
        network.paint(colors, target, np.zeros(10**6, np.uint8), threads)


def test_an_arena_that_is_too_small_is_refused(network: Any) -> None:
    colors = np.zeros((9, 9, 3), np.uint8)
    arena = np.zeros(network.arena_bytes(9, 9) - 1, np.uint8)
    with pytest.raises(ValueError, match="arena is too small"):
        network.paint(colors, colors.copy(), arena, 1)


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 4), (9, 9, 1), (1, 9, 9, 3), (0,)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...], network: Any) -> None:
    arena = np.zeros(10**6, np.uint8)
    with pytest.raises(TypeError):
        network.paint(np.zeros(shape, np.uint8), np.zeros((9, 9, 3), np.uint8), arena, 1)


def test_a_picture_with_strides_is_refused_and_not_copied(
    network: Any, make_picture: MakePicture
) -> None:
    strided = np.asarray(make_picture(31, 22))[::-1, ::2]
    arena = np.zeros(network.arena_bytes(*strided.shape[:2]), np.uint8)
    plain = strided.copy()
    with pytest.raises(TypeError, match="incompatible function arguments"):
        network.paint(strided, np.empty_like(plain), arena, 1)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        network.paint(plain, np.empty((*plain.shape[:2], 6), np.uint8)[..., ::2], arena, 1)


def test_weights_with_strides_are_refused_and_not_copied(make_state: MakeState) -> None:
    state = {name: value.numpy() for name, value in make_state().items()}
    state["conv2.conv2d.weight"] = state["conv2.conv2d.weight"].transpose(0, 1, 3, 2)
    with pytest.raises(TypeError, match=r"conv2\.conv2d\.weight: expected fp32 in C order"):
        _core.Network(state, KERNELS[0])


def test_weights_that_are_missing_are_refused(make_state: MakeState) -> None:
    state = {name: value.numpy() for name, value in make_state().items()}
    del state["res1.in1.bias"]
    with pytest.raises(KeyError, match=r"res1\.in1\.bias"):
        _core.Network(state, KERNELS[0])
