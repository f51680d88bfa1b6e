"""Photographs with metadata, and reading it back without the code under test."""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from .pictures import encode

IPTC = b"\x1c\x02\x78\x00\x07Tram 28"
"""A record that holds a caption."""

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"
    xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="38,42.5N"
    xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"
    xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="caf\u00e9">
   <exif:GPSLongitude>9,8.1W</exif:GPSLongitude>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Tram</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()
"""A packet with a title, a position, an orientation, and a film in the same file."""

DETAILS: dict[int, Any] = {
    Base.DateTimeOriginal: "2026:01:02 03:04:05",
    Base.ExposureTime: IFDRational(1, 125),
    Base.ExposureBiasValue: IFDRational(-1, 3),
    Base.ISOSpeedRatings: 200,
}
"""Tags of the exposure, all of which a painting keeps."""

POSITION: dict[int, Any] = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (38.0, 42.0, 30.5),
    GPS.GPSLongitudeRef: "W",
    GPS.GPSLongitude: (9.0, 8.0, 6.25),
}

PREVIEW = b"\xff\xd8 a preview of the photograph \xff\xd9"


def make_exif(orientation: int = 6) -> bytes:
    """Return a block with a description, an exposure, a position, maker notes and a preview."""
    exif = Image.Exif()
    exif[Base.ImageDescription] = "Tram 28"
    exif[Base.Artist] = "Ann"
    exif[Base.Orientation] = orientation
    details = exif.get_ifd(IFD.Exif)
    details |= {**DETAILS, Base.MakerNote: b"a secret of the maker", Base.ExifImageWidth: 9999}
    exif.get_ifd(IFD.GPSInfo).update(POSITION)
    return _add_preview(exif.tobytes())


def _add_preview(block: bytes) -> bytes:
    """Return a block with a second directory, which leads to a preview."""
    tiff = block.removeprefix(b"Exif\0\0")
    (place,) = struct.unpack_from(">I", tiff, 4)
    (count,) = struct.unpack_from(">H", tiff, place)
    link = place + 2 + 12 * count
    start = len(tiff) + len(tiff) % 2
    directory = struct.pack(">H", 2)
    directory += struct.pack(">HHII", Base.JpegIFOffset, 4, 1, start + 2 + 2 * 12 + 4)
    directory += struct.pack(">HHII", Base.JpegIFByteCount, 4, 1, len(PREVIEW)) + bytes(4)
    linked = tiff[:link] + struct.pack(">I", start) + tiff[link + 4 :]
    return b"Exif\0\0" + linked.ljust(start, b"\0") + directory + PREVIEW


def read_exif(file: bytes) -> Image.Exif:
    """Return the tags of an image file."""
    with Image.open(io.BytesIO(file)) as picture:
        return picture.getexif()


def make_photograph(format: str, **options: Any) -> bytes:
    """Return a file with all of this metadata, as far as the format has room."""
    picture = Image.effect_noise((32, 24), 60).convert("RGB")
    if format == "TIFF":
        tags = Image.Exif()
        tags.load(make_exif())
        for tag in tags:
            tags[tag]  # Pillow reads a value when it is asked for
        tags[Base.XMLPacket], tags[Base.IPTCNAA] = XMP, IPTC
        return encode(picture, format, tiffinfo=tags, dpi=(300, 200), **options)
    if format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        options["pnginfo"] = texts
    if format == "JPEG":
        resource = struct.pack(">4sHHI", b"8BIM", 0x0404, 0, len(IPTC)) + IPTC
        content = b"Photoshop 3.0\0" + resource
        options["extra"] = b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
    return encode(picture, format, exif=make_exif(), xmp=XMP, dpi=(300, 200), **options)
