"""Pickles without classes and functions: what is built, and how everything else is refused."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import pytest

from neural_style import StyleError
from neural_style.formats.restricted_pickle import Unpickler
from tests.support.files import pickles
from tests.support.files.pickles import call, get, make_dict, name, number, program, put, text


def unpickle(data: bytes) -> object:
    """Return the object in a pickle without persistent ids."""
    return Unpickler(data, {}, lambda identifier: identifier).load()


def refusal_of(data: bytes) -> str:
    """Return the message of the error with which a pickle is refused."""
    with pytest.raises(StyleError) as caught:
        unpickle(data)
    message = str(caught.value)
    assert message.isprintable()
    return message


# Plain values


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    255,
    65_535,
    -1,
    2**31 - 1,
    -(2**63),
    0.1,
    float("inf"),
    "",
    "gr\u00fc\u00dfe \U0001f600",
    "x" * 1000,
    (),
    (1,),
    (1, 2),
    (1, 2, 3),
    (1, 2, 3, 4),
    [],
    [1],
    [[], [2, "a"]],
    {},
    {"a": 1},
    {"a": {"b": (None, [])}, 7: 8},
    OrderedDict(),
    OrderedDict(b=1, a=2),
]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_plain_value_is_read(value: object, protocol: int) -> None:
    read = unpickle(pickle.dumps(value, protocol))

    assert read == value
    assert type(read) is type(value)


def test_a_value_that_occurs_twice_is_read_twice() -> None:
    shared = ["a"]

    assert unpickle(pickle.dumps({"x": shared, "y": shared}, 4)) == {"x": ["a"], "y": ["a"]}


def test_the_attributes_of_an_ordered_dict_are_ignored() -> None:
    state: Any = OrderedDict(a=1)
    state._metadata = OrderedDict({"": {"version": 1}})

    read = unpickle(pickle.dumps(state, 2))

    assert read == {"a": 1}
    assert not hasattr(read, "_metadata")


def test_an_ordered_dict_of_python_2_is_read() -> None:
    pairs = b"](]" + b"(" + short_string(b"a") + number(1) + b"e" + make_pair("b", 2) + b"e"

    read = unpickle(program(call(name("collections", "OrderedDict"), pairs)))

    assert read == {"a": 1, "b": 2}


def short_string(value: bytes) -> bytes:
    """Return the opcode with which Python 2 pushes a string."""
    return pickle.SHORT_BINSTRING + bytes([len(value)]) + value


def make_pair(key: str, value: int) -> bytes:
    """Return the opcodes that push a tuple of two."""
    return text(key) + number(value) + pickle.TUPLE2


def test_pickles_are_read_one_after_another() -> None:
    data = pickle.dumps("first", 2) + pickle.dumps(["second"], 4) + b"the rest"
    unpickler = Unpickler(data, {}, lambda identifier: identifier)

    assert [unpickler.load(), unpickler.load()] == ["first", ["second"]]
    assert data[unpickler.position :] == b"the rest"


# Opcodes and names


ALLOWED = frozenset(
    [
        "FRAME",
        "STOP",
        "MARK",
        "NONE",
        "NEWTRUE",
        "NEWFALSE",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG1",
        "BINFLOAT",
        "SHORT_BINUNICODE",
        "BINUNICODE",
        "SHORT_BINSTRING",
        "BINSTRING",
        "EMPTY_TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "TUPLE",
        "EMPTY_LIST",
        "APPEND",
        "APPENDS",
        "EMPTY_DICT",
        "SETITEM",
        "SETITEMS",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "BINGET",
        "LONG_BINGET",
        "GLOBAL",
        "STACK_GLOBAL",
        "REDUCE",
        "BUILD",
        "BINPERSID",
    ]
)
OPCODES = {
    opcode: getattr(pickle, opcode)
    for opcode in pickle.__all__
    if opcode.isupper() and isinstance(getattr(pickle, opcode), bytes)
    if len(getattr(pickle, opcode)) == 1  # TRUE and FALSE are whole lines
}


@pytest.mark.parametrize("opcode", sorted(OPCODES.keys() - ALLOWED))
def test_every_other_opcode_is_refused_by_name(opcode: str) -> None:
    assert f"the opcode {opcode})" in refusal_of(program(OPCODES[opcode], b"\0" * 8))


def test_an_unknown_opcode_is_refused_by_number() -> None:
    assert "the opcode 0xff)" in refusal_of(program(b"\xff"))


@pytest.mark.parametrize("protocol", [0, 1, 6, 255])
def test_another_protocol_is_refused(protocol: int) -> None:
    message = "does not begin with a pickle of protocol 2 to 5"

    assert message in refusal_of(program(b"N", protocol=protocol))
    assert message in refusal_of(b"N.")


@pytest.mark.parametrize(
    ("module", "attribute"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "bytearray"),
        ("builtins", "getattr"),
        ("__builtin__", "set"),
        ("collections", "OrderedDict.fromkeys"),
        ("collections", "Counter"),
        ("torch", "FloatTensor"),
        ("torch", "load"),
        ("numpy.core.multiarray", "_reconstruct"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_name_is_refused_before_it_is_called(module: str, attribute: str, protocol: int) -> None:
    found = name(module, attribute)
    if protocol == 4:
        found = text(module) + text(attribute) + pickle.STACK_GLOBAL

    message = refusal_of(program(call(found, text("true")), protocol=protocol))

    assert f"asks for the class or function {module}.{attribute}, which was not" in message
    assert message.endswith("; save the model's state_dict() instead, or do not trust this file")


def test_a_long_name_is_cut_in_the_message() -> None:
    assert f"m.{'x' * 98}, which" in refusal_of(program(name("m", "x" * 10_000)))


def test_a_name_that_is_computed_is_a_string_or_refused() -> None:
    assert "a global name that is not a string" in refusal_of(
        program(text("os"), number(1), pickle.STACK_GLOBAL)
    )


# Limits


def test_a_number_of_megabytes_is_refused() -> None:
    assert "the opcode LONG4)" in refusal_of(pickle.dumps(1 << 8_000_000, 2))


def test_a_number_of_eleven_bytes_is_refused() -> None:
    assert "an integer of 11 bytes" in refusal_of(pickle.dumps(1 << 80, 2))


def test_a_long_string_is_refused() -> None:
    assert "a string of 65,537 bytes" in refusal_of(program(text("x" * (2**16 + 1))))


@pytest.mark.parametrize(
    "opcodes", [pickle.EMPTY_LIST, pickle.MARK + pickle.TUPLE], ids=["lists", "tuples"]
)
def test_a_pickle_of_too_many_opcodes_is_refused(opcodes: bytes) -> None:
    count = 2**18 // len(opcodes) + 1

    assert "more than 262,144 opcodes" in refusal_of(program(opcodes * count))


def test_copying_pairs_counts_as_work() -> None:
    pairs = b"](" + make_pair("a", 1) * 30_000 + b"e" + put(0)
    copies = (name("collections", "OrderedDict") + get(0) + b"\x85R") * 10

    assert "more than 262,144 opcodes" in refusal_of(program(pairs, copies))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(b")" + b"\x85" * 200_000, id="deep tuple"),
        pytest.param(
            b")" + put(0) + b"".join(get(i) + b"\x86" + put(i + 1) for i in range(60)),
            id="doubling tuple",
        ),
        pytest.param(number(-1), id="negative number"),
        pytest.param(number(2**61 - 1), id="number with the hash of another"),
        pytest.param(pickle.BINFLOAT + b"\0" * 8, id="float"),
        pytest.param(b"N", id="nothing"),
        pytest.param(b"\x88", id="bool"),
    ],
)
@pytest.mark.parametrize("way", ["item", "items", "pairs"])
def test_a_key_that_may_take_long_to_hash_is_refused(key: bytes, way: str) -> None:
    items = {
        "item": b"}" + key + b"Ns",
        "items": make_dict(key, b"N"),
        "pairs": call(name("collections", "OrderedDict"), b"]" + key + b"N\x86a"),
    }

    assert "as a key of a dict" in refusal_of(program(items[way]))


# Damage


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([b"t"], "no mark"),
        ([b"R"], "an empty stack"),
        ([b"(N", b"\x86t"], "an empty stack"),
        ([b")", b"R"], "an empty stack"),
        ([b"N)R"], "calls something that cannot be called"),
        ([b"cos\n"], "cut off"),
        ([name("collections", "OrderedDict"), b"]R"], "calls something that cannot be called"),
        ([call(name("collections", "OrderedDict"), b"N")], "other than pairs"),
        ([call(name("collections", "OrderedDict"), b"]Na")], "other than pairs"),
        ([call(name("collections", "OrderedDict"), b"]", b"]")], "other than pairs"),
        ([call(name("collections", "OrderedDict"), *[b"N"] * 9)], "with 9 arguments"),
        ([b")Na"], "appends to something other than a list"),
        ([b"]NNs"], "sets items of something other than a dict"),
        ([b"}(Nu"], "sets items of something other than a dict"),
        ([b"]}b"], "sets attributes"),
        ([b"}}b"], "sets attributes"),
        ([name("collections", "OrderedDict"), b")R)b"], "sets attributes"),
        ([get(7)], "recalls a value that it did not store"),
        ([pickles.BAD_UTF_8], "not UTF-8"),
        ([b"NN"], "does not end with one value"),
        ([b"(N"], "does not end with one value"),
        ([], "does not end with one value"),
    ],
)
def test_a_damaged_pickle_is_refused(parts: list[bytes], message: str) -> None:
    assert message in refusal_of(program(*parts))


def test_a_pickle_that_is_cut_off_is_refused_wherever_it_ends() -> None:
    whole = pickle.dumps({"a": [1, 2.5, (3, "text")], "b": OrderedDict(c=2**40)}, 4)

    for end in range(len(whole)):
        assert refusal_of(whole[:end])
