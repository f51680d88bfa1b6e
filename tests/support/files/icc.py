"""ICC profiles for tests of color conversion, built byte by byte as ICC.1:2022 describes."""

from __future__ import annotations

import struct

from PIL import ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""The profile of sRGB."""

_D50 = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)  # the white point of every profile
_HEADER_BYTES = 128


def make_profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a profile of an output device.

    Args:
        space: The color space of the device in 4 bytes, such as b"CMYK".
        tags: The content of the profile's tags by their signatures.
    """
    table, body = struct.pack(">I", len(tags)), b""
    offset = _HEADER_BYTES + 4 + 12 * len(tags)
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(tag))
        body += tag + b"\0" * (-len(tag) % 4)
    connection = b"Lab " if space == b"CMYK" else b"XYZ "
    header = struct.pack(
        ">I4sI4s4s4s12s4s", offset + len(body), b"", 0x02400000, b"prtr", space, connection, b"",
        b"acsp",
    )  # fmt: skip
    return (header.ljust(68, b"\0") + _D50).ljust(_HEADER_BYTES, b"\0") + table + body


def make_linear_gray_profile() -> bytes:
    """Return a profile of gray values that are proportional to light."""
    white = struct.pack(">4s4x", b"XYZ ") + _D50
    linear = struct.pack(">4s4xI", b"curv", 0)
    return make_profile(b"GRAY", {b"wtpt": white, b"kTRC": linear})


def make_wide_profile() -> bytes:
    """Return a profile of RGB values with gamma 2.2 and wide primaries, those of Adobe RGB (1998).

    Its colors are adapted to D50, as in Adobe's own profile.
    """
    primaries = {
        b"rXYZ": (0x9C18, 0x4FA5, 0x04FC),
        b"gXYZ": (0x348D, 0xA02C, 0x0F95),
        b"bXYZ": (0x2631, 0x102F, 0xBE9C),
    }
    tags = {name: struct.pack(">4s4x3i", b"XYZ ", *color) for name, color in primaries.items()}
    curve = struct.pack(">4s4xIH", b"curv", 1, 0x0233)
    tags |= {name: curve for name in (b"rTRC", b"gTRC", b"bTRC")}
    return make_profile(b"RGB ", {b"wtpt": struct.pack(">4s4x", b"XYZ ") + _D50, **tags})


def make_gray_inks_profile() -> bytes:
    """Return a profile of CMYK with four gray inks, so that each ink alone gives the same gray."""
    identity = bytes(range(256))
    lightness = [(255, 128, 0, 0, 0)[bin(inks).count("1")] for inks in range(16)]
    grid = b"".join(bytes((level, 128, 128)) for level in lightness)
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = struct.pack(">4s4x4B", b"mft1", 4, 3, 2, 0) + matrix + identity * 4 + grid + identity * 3
    return make_profile(b"CMYK", {b"A2B0": lut})
