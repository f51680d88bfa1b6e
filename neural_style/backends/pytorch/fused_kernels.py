"""What `FusedNetwork` does between two convolutions, as Triton kernels.

Layers are channels-last, [pictures, height, width, channels], in fp16 or fp32. Arithmetic is fp32.
A kernel's tile covers some pixels and all channels. Triton: https://triton-lang.org.
"""

# Kernels are written in Triton's language, which has types of its own.
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def load_pictures(
    pictures,
    layer,
    height,
    width,
    columns: tl.constexpr,
    values: tl.constexpr,
    margin: tl.constexpr,
    channels: tl.constexpr,
    tile_width: tl.constexpr,
):
    """Gather the RGB levels that a row of the first filter looks at, as the channels of a pixel.

    The filter's `columns` of 3 colors are `values` channels, followed by zeros. The layer has a
    reflected `margin` above and below. One program for each tile, row and picture of the layer.
    """
    tile, row, picture = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    pixel = tile * tile_width + tl.arange(0, tile_width)
    channel = tl.arange(0, channels)
    is_inside = (pixel < width)[:, None] & (channel < channels)[None, :]
    from_row = _reflect(row - margin, height)
    from_column = _reflect(pixel[:, None] + (channel // 3)[None, :] - columns // 2, width)
    at = ((picture * height + from_row) * width + from_column) * 3 + (channel % 3)[None, :]
    level = tl.load(pictures + at, is_inside & (channel < values)[None, :], other=0)
    target = (picture * (height + 2 * margin) + row) * width + pixel
    tl.store(
        layer + target[:, None] * channels + channel[None, :],
        level.to(layer.dtype.element_ty),
        is_inside,
    )


@triton.jit
def measure(
    layer,
    sums,
    pixels,
    channels,
    part_pixels,
    tile_pixels: tl.constexpr,
    tile_channels: tl.constexpr,
):
    """Add up the values and squares of a part of a picture, for each channel.

    Values count from the picture's first pixel: plain squares would lose the variance of values
    that are close to each other and far from zero. One program for each part and picture;
    `part_pixels` is a multiple of `tile_pixels`. `sums` is [pictures, parts, 2, channels].
    """
    part, picture = tl.program_id(0), tl.program_id(1).to(tl.int64)
    channel = tl.arange(0, tile_channels)
    is_channel = channel < channels
    first = layer + picture * pixels * channels
    pivot = tl.load(first + channel, is_channel, other=0).to(tl.float32)
    total = tl.zeros([tile_pixels, tile_channels], tl.float32)
    square = tl.zeros([tile_pixels, tile_channels], tl.float32)
    for begin in range(part * part_pixels, (part + 1) * part_pixels, tile_pixels):
        pixel = begin + tl.arange(0, tile_pixels)
        is_inside = (pixel < pixels)[:, None] & is_channel[None, :]
        value = tl.load(first + pixel[:, None] * channels + channel[None, :], is_inside, other=0)
        value = tl.where(is_inside, value.to(tl.float32) - pivot[None, :], 0.0)
        total += value
        square += value * value
    target = sums + (picture * tl.num_programs(0) + part) * 2 * channels + channel
    tl.store(target, tl.sum(total, 0), is_channel)
    tl.store(target + channels, tl.sum(square, 0), is_channel)


@triton.jit
def fix(
    layer,
    sums,
    weight,
    bias,
    affine,
    pixels,
    channels,
    parts,
    epsilon,
    tile_parts: tl.constexpr,
    tile_channels: tl.constexpr,
):
    """Turn the sums of a picture into the scale and shift of its normalization.

    One program for each picture. `affine` is [pictures, 2, channels].
    """
    picture = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, tile_channels)
    is_channel = channel < channels
    part = tl.arange(0, tile_parts)
    is_sum = (part < parts)[:, None] & is_channel[None, :]
    at = ((picture * parts + part) * 2 * channels)[:, None] + channel[None, :]
    pivot = tl.load(layer + picture * pixels * channels + channel, is_channel, other=0)
    offset = tl.sum(tl.load(sums + at, is_sum, other=0), 0) / pixels
    square = tl.sum(tl.load(sums + at + channels, is_sum, other=0), 0) / pixels
    variance = tl.maximum(square - offset * offset, 0.0)
    scale = tl.load(weight + channel, is_channel, other=0) / tl.sqrt(variance + epsilon)
    shift = tl.load(bias + channel, is_channel, other=0)
    shift -= (pivot.to(tl.float32) + offset) * scale
    target = affine + picture * 2 * channels + channel
    tl.store(target, scale, is_channel)
    tl.store(target + channels, shift, is_channel)


@triton.jit
def normalize(
    layer,
    affine,
    skip,
    result,
    height,
    width,
    channels,
    margin: tl.constexpr,
    scaling: tl.constexpr,
    rectifies: tl.constexpr,
    has_skip: tl.constexpr,
    tile_width: tl.constexpr,
    tile_channels: tl.constexpr,
):
    """Normalize a layer for the next convolution, which reads a reflected margin.

    Then come, where they are asked for, ReLU, the sum with `skip`, a layer of the same size with a
    margin of 1, and nearest upsampling by `scaling`. One program for each tile, row and picture of
    the result.
    """
    tile, row, picture = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    result_width = scaling * width + 2 * margin
    column = tile * tile_width + tl.arange(0, tile_width)
    channel = tl.arange(0, tile_channels)
    is_channel = channel < channels
    is_inside = (column < result_width)[:, None] & is_channel[None, :]
    from_row = _reflect(row - margin, scaling * height) // scaling
    from_column = _reflect(column - margin, scaling * width) // scaling
    pixel = (picture * height + from_row) * width + from_column
    value = tl.load(layer + pixel[:, None] * channels + channel[None, :], is_inside, other=0)
    scale = tl.load(affine + picture * 2 * channels + channel, is_channel, other=0)
    shift = tl.load(affine + (picture * 2 + 1) * channels + channel, is_channel, other=0)
    value = value.to(tl.float32) * scale[None, :] + shift[None, :]
    if rectifies:
        value = tl.where(value < 0, 0.0, value)  # unlike a maximum, it keeps NaN
    if has_skip:
        skipped = (picture * (height + 2) + from_row + 1) * (width + 2) + from_column + 1
        at = skipped[:, None] * channels + channel[None, :]
        value += tl.load(skip + at, is_inside, other=0).to(tl.float32)
    target = (picture * (scaling * height + 2 * margin) + row) * result_width + column
    tl.store(
        result + target[:, None] * channels + channel[None, :],
        value.to(result.dtype.element_ty),
        is_inside,
    )


@triton.jit
def store_pictures(
    layer,
    bias,
    pictures,
    is_broken,
    height,
    width,
    columns: tl.constexpr,
    channels: tl.constexpr,
    tile_width: tl.constexpr,
):
    """Add up what the columns of the last filter contribute to a color, and cut fractions off.

    The layer is wider than the pictures by the filter's `columns` - 1; the contributions to the 3
    colors are its first channels, column by column. `is_broken`, [pictures], becomes 1 where a
    value is not finite. One program for each tile, row and picture.
    """
    tile, row, picture = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    pixel = tile * tile_width + tl.arange(0, tile_width)
    color = tl.arange(0, 4)
    is_color = (pixel < width)[:, None] & (color < 3)[None, :]
    value = tl.zeros([tile_width, 4], tl.float32)
    value += tl.load(bias + color, color < 3, other=0)[None, :]
    line = (picture * height + row) * (width + columns - 1)
    for column in tl.static_range(columns):
        at = (line + pixel + column)[:, None] * channels + (3 * column + color)[None, :]
        value += tl.load(layer + at, is_color, other=0).to(tl.float32)
    difference = value - value  # 0, or NaN
    broken = tl.max(tl.where(difference == 0, 0, 1))
    tl.atomic_max(is_broken + picture, broken, mask=broken > 0)
    level = tl.minimum(tl.maximum(value, 0.0), 255.0).to(tl.int32).to(tl.uint8)
    target = (picture * height + row) * width + pixel
    tl.store(pictures + target[:, None] * 3 + color[None, :], level, is_color)


@triton.jit
def _reflect(index, size):
    """Return where the index of a margin is reflected to; the border itself is not repeated."""
    index = tl.abs(index)
    return tl.where(index >= size, 2 * (size - 1) - index, index)
