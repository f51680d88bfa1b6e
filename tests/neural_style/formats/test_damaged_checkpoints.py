"""Checkpoints that are cut off or altered: refused, or read as they were."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from io import BytesIO

import pytest

pytest.importorskip("torch")

import torch

from neural_style import StyleError
from neural_style.formats.state_dict import read_state_dict
from neural_style.formats.tensors import StoredTensor
from tests.support.files.pickles import make_archive
from tests.support.networks.styles import make_state
from tests.support.reliability.tally import Count, Tally

Alter = Callable[[bytes, random.Random], bytes]

CAMPAIGN = "altered checkpoints"
CUTS = 100
ALTERATIONS = 150
MANY_ALTERATIONS = 1_500
PROTOCOLS = {"zip": (2, True), "old": (2, False), "zip 4": (4, True), "old 4": (4, False)}


@cache
def save(kind: str) -> bytes:
    """Return a small checkpoint with tensors of several types."""
    protocol, is_archive = PROTOCOLS[kind]
    state = make_state(1)
    state["in1.weight"] = state["in1.weight"].half()
    state["in2.weight"] = torch.nn.Parameter(state["in2.weight"].bfloat16())
    file = BytesIO()
    torch.save(
        {"epoch": 1, "state_dict": state},
        file,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=is_archive,
    )
    return file.getvalue()


def bits_of(state: Mapping[str, StoredTensor]) -> dict[str, tuple[str, bytes]]:
    """Return types and bytes by name."""
    return {name: (tensor.dtype, tensor.values.tobytes()) for name, tensor in state.items()}


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    """Return `data` with one to four flipped bits, mostly near the ends, where structure is."""
    altered = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = min(int(rng.expovariate(1 / 2000)), len(data) - 1)
        altered[rng.choice((place, -1 - place, rng.randrange(len(data))))] ^= 1 << rng.randrange(8)
    return bytes(altered)


def rearrange(data: bytes, rng: random.Random) -> bytes:
    """Return `data` with bytes replaced, removed, or repeated elsewhere."""
    start, place = rng.randrange(len(data)), rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 1, 2, 5, 20, 100))]
    kind = rng.randrange(4)
    if kind == 0:
        return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + data[place + len(piece) :]
    if kind == 2:
        return data[:place] + piece + data[place:]
    return data[:place] + piece + data[place + len(piece) :]


def rearrange_pickle(data: bytes, rng: random.Random) -> bytes:
    """Return an archive whose pickle is rearranged, with the checksum of the new one."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        folder = archive.namelist()[0].partition("/")[0]
        storages = {
            name.removeprefix(f"{folder}/data/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith(f"{folder}/data/")
        }
        pickled = archive.read(f"{folder}/data.pkl")
    for _ in range(rng.randint(1, 3)):
        pickled = rearrange(pickled, rng)
    return make_archive(pickled, storages)


def read_altered(
    kind: str, alter: Alter, rounds: int, seed: int, tally: Tally | None = None
) -> Iterator[dict[str, StoredTensor]]:
    """Yield what is read from altered files, and check how the others are refused."""
    rng, tally = random.Random(seed), tally or Tally(CAMPAIGN, seed)
    whole = save(kind)
    for _ in range(rounds):
        tally.tried += 1
        try:
            yield read_state_dict(alter(whole, rng))
        except StyleError as error:
            assert str(error).isprintable()
            assert str(error).startswith("expected ")
            tally.refused += 1


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_a_file_is_refused_wherever_it_is_cut_off(kind: str) -> None:
    whole = save(kind)
    rng = random.Random(0)
    ends = {*range(100), *range(len(whole) - 100, len(whole))}
    ends.update(rng.sample(range(len(whole)), CUTS))

    for end in ends:
        with pytest.raises(StyleError, match="expected "):
            read_state_dict(whole[:end])


@pytest.mark.parametrize("kind", ["zip", "zip 4"])
def test_flipped_bits_never_change_a_tensor_in_an_archive(kind: str) -> None:
    expected = bits_of(read_state_dict(save(kind)))

    for state in read_altered(kind, flip_bits, ALTERATIONS, seed=0):
        assert bits_of(state) == expected


@pytest.mark.parametrize("kind", ["old", "old 4"])
@pytest.mark.parametrize("alter", [flip_bits, rearrange])
def test_an_altered_old_file_is_read_or_refused(alter: Alter, kind: str) -> None:
    for state in read_altered(kind, alter, ALTERATIONS, seed=0):  # which has no checksums
        assert bits_of(state)


@pytest.mark.parametrize("kind", ["zip", "zip 4"])
def test_an_altered_pickle_is_read_or_refused(kind: str) -> None:
    for state in read_altered(kind, rearrange_pickle, ALTERATIONS, seed=0):
        assert bits_of(state)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["zip", "zip 4"])
def test_no_flipped_bit_of_many_changes_a_tensor_in_an_archive(
    kind: str, soak_seed: int, count: Count
) -> None:
    expected = bits_of(read_state_dict(save(kind)))
    tally = count(CAMPAIGN, soak_seed)

    for state in read_altered(kind, flip_bits, MANY_ALTERATIONS, soak_seed, tally):
        assert bits_of(state) == expected


@pytest.mark.soak
@pytest.mark.parametrize(
    ("kind", "alter"),
    [
        *((kind, rearrange_pickle) for kind in ("zip", "zip 4")),
        *((kind, alter) for kind in ("old", "old 4") for alter in (flip_bits, rearrange)),
    ],
)
def test_many_altered_files_are_read_or_refused(
    kind: str, alter: Alter, soak_seed: int, count: Count
) -> None:
    tally = count(CAMPAIGN, soak_seed)

    for state in read_altered(kind, alter, MANY_ALTERATIONS, soak_seed, tally):
        assert bits_of(state).keys() == state.keys()  # of none, if the dict is empty now
