"""Check that an image file is whole by its structure, without decoding it."""

from __future__ import annotations

import struct
from collections.abc import Callable

from .codecs import bmp, jpeg, png_chunks
from .codecs.tiff import read_pages

_MAX_BLOCKS = 2**22  # of a GIF file: those of the largest file that is read
_MPF_ENTRIES = 0xB002  # CIPA DC-007, 5.2.3.3: the tag of the list of pictures
_MAX_PADDING = 1 << 16  # zeros behind a codestream
_RESERVED_PART = 8  # an eighth of the content, or more
_MIN_RESERVED = 4096  # bytes; the padding of metadata has half as many
_BOX_FORMATS = (b"ftyp", b"jP  ")  # the first box of AVIF and of JPEG 2000
_CONTENT_BOXES = (b"mdat", b"jp2c")


def is_complete(data: bytes) -> bool:
    """Return False if `data` ends before an image file of its format does.

    A file that is still being copied is not complete, even where its first frame is. True does not
    mean that the content is undamaged. Bytes behind the end of a file do not count.

    - PNG ends with the chunk IEND, GIF with its trailer, JPEG with the marker EOI, and a JPEG 2000
      codestream with EOC.
    - An index of further pictures in a JPEG file (MPO) has to lie within the file.
    - WebP contains its size, AVIF and JP2 the size of each of their boxes. Where the place of a
      WebP, AVIF or HEIC file was reserved before its content came, that ends in zeros.
    - BMP contains all rows, or, of pixels in runs, as many bytes as it says.
    - TIFF contains the places of all directories, and of the strips or tiles of every page.

    Data of other formats are not complete.
    """
    for prefix, check in _CHECKS:
        if data.startswith(prefix):
            return check(data)
    return data[4:8] in _BOX_FORMATS and _ends_after_boxes(data)


def _has_png_end(data: bytes) -> bool:
    try:
        return any(kind == b"IEND" for kind, *_ in png_chunks.read_chunks(data))
    except ValueError:
        return False


def _has_jpeg_end(data: bytes) -> bool:
    structure = jpeg.read_jpeg(data)
    return structure.end > 0 and _contains_indexed(data, structure)


def _contains_indexed(data: bytes, structure: jpeg.JpegFile) -> bool:
    """Return False if the index of a JPEG file names pictures beyond the end of the file.

    Editors that know no index copy it, but not the pictures. Then the first picture's size in the
    index is not its size in the file, and the index does not count.
    """
    try:
        (page,) = read_pages(structure.index)[:1]
        _, size, place = page.places[_MPF_ENTRIES]
        entries = [
            struct.unpack_from(f"{page.order}4xII", structure.index, at)
            for at in range(place, place + size, 16)
        ]
    except (KeyError, ValueError, struct.error):
        return True
    if not entries or entries[0][0] != structure.end:
        return True
    return all(structure.index_at + offset + size <= len(data) for size, offset in entries[1:])


def _has_gif_end(data: bytes) -> bool:
    """Return True if the trailer follows the blocks (GIF89a specification, appendix B)."""
    position = 13 + _color_table_bytes(data[10:11])
    blocks = 0
    while blocks < _MAX_BLOCKS:
        introducer = data[position : position + 1]
        if introducer == b",":  # an image: its descriptor, colors and code size come first
            position += 11 + _color_table_bytes(data[position + 9 : position + 10])
        elif introducer == b"!":
            position += 2
        else:
            return introducer == b";"
        size = 1
        while size and position < len(data) and blocks < _MAX_BLOCKS:
            size = data[position]
            position += 1 + size
            blocks += 1
    return False


def _color_table_bytes(flags: bytes) -> int:
    return 3 * 2 ** ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _has_riff_size(data: bytes) -> bool:
    if len(data) < 12:
        return False
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    return end <= len(data) and not _ends_in_zeros(data, 12, end)


def _has_bmp_rows(data: bytes) -> bool:
    return len(data) >= 26 and bmp.contains_rows(data)


def _has_codestream_end(data: bytes) -> bool:
    return data[-_MAX_PADDING:].rstrip(b"\0").endswith(b"\xff\xd9")


def _has_all_pages(data: bytes) -> bool:
    try:
        return all(page.ends_within_file() for page in read_pages(data))
    except ValueError:
        return False


def _ends_after_boxes(data: bytes) -> bool:
    """Return True if the last box of a file ends within it (ISO/IEC 14496-12, 4.2)."""
    position, kinds = 0, set()
    for _ in range(_MAX_BLOCKS):
        if position + 8 > len(data):
            break
        header = data[position : position + 16].ljust(16, b"\0")
        size, kind, large_size = struct.unpack(">I4sQ", header)
        kinds.add(kind)
        size = {0: len(data) - position, 1: large_size}.get(size, size)  # 0: all that follows
        if size < 8:  # not a box
            break
        start, position = position, position + size
        end = data[max(start, position - _MAX_PADDING) : position]
        if kind == b"jp2c" and not _has_codestream_end(end):
            return False
        if kind == b"mdat" and _ends_in_zeros(data, start, position):
            return False
    return position <= len(data) and not kinds.isdisjoint(_CONTENT_BOXES)


def _ends_in_zeros(data: bytes, start: int, end: int) -> bool:
    """Return True if compressed data end in more zeros than any encoder writes."""
    size = min((end - start) // _RESERVED_PART, _MAX_PADDING)
    return size >= _MIN_RESERVED and not any(data[end - size : end])


_CHECKS: tuple[tuple[bytes, Callable[[bytes], bool]], ...] = (
    (png_chunks.SIGNATURE, _has_png_end),
    (jpeg.SIGNATURE, _has_jpeg_end),
    (b"GIF8", _has_gif_end),
    (b"RIFF", _has_riff_size),
    (b"BM", _has_bmp_rows),
    (b"II", _has_all_pages),
    (b"MM", _has_all_pages),
    (b"\xff\x4f\xff\x51", _has_codestream_end),
)
