"""PNG, GIF, BMP, WebP and PNM: by writers of our own from the specifications where others do not write a kind, else by
Pillow; what was written is expected."""
import io
import itertools
import struct
import zlib

import numpy as np
from PIL import Image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, colour, bits, interlaced, palette=None):
    """`samples`: rows x columns x channels of unsigned numbers of that many bits."""
    height, width, channels = samples.shape

    def rows(part):
        out = b""
        for row in part:
            flat = row.reshape(-1)
            if bits == 16:
                data = flat.astype(">u2").tobytes()
            elif bits == 8:
                data = flat.astype(np.uint8).tobytes()
            else:
                shifts = np.arange(bits)[::-1]
                data = np.packbits((flat[:, None] >> shifts & 1).astype(np.uint8)).tobytes()
            out += b"\0" + data
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b""
    for x, y, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::dy, x::dx]
        if part.size:
            data += rows(part)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    if palette is not None:
        out += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    return out + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def png_cells():
    rng = np.random.default_rng(2)
    for (colour, channels, depths), interlaced in itertools.product(
        ((0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (3, 1, (1, 2, 4, 8)), (4, 2, (8, 16)), (6, 4, (8, 16))), (0, 1)
    ):
        for bits in depths:
            for width, height in ((1, 1), (7, 5), (33, 17)):
                samples = rng.integers(0, 1 << bits, (height, width, channels))
                palette = rng.integers(0, 256, (1 << bits, 3)) if colour == 3 else None
                file = png(samples, colour, bits, interlaced, palette)
                if colour == 3:
                    expected = palette[samples[..., 0]].astype(np.uint8)
                elif bits == 16:
                    expected = samples.astype(np.uint16)
                else:
                    expected = (samples * (255 // ((1 << bits) - 1))).astype(np.uint8)
                yield f"png-{colour}-{bits}-{'adam7' if interlaced else 'rows'}-{width}x{height}", "png", file, expected


def gif_cells():
    rng = np.random.default_rng(3)
    for (width, height), colours, interlaced in itertools.product(
        ((1, 1), (2, 3), (7, 7), (9, 9), (31, 23), (200, 3)), (2, 3, 16, 256), (0, 1)
    ):
        for flat in (False, True):
            indices = np.zeros((height, width), np.uint8) if flat else rng.integers(0, colours, (height, width), np.uint8)
            picture = Image.fromarray(indices, "P")
            palette = rng.integers(0, 256, (256, 3), np.uint8)
            picture.putpalette(palette.tobytes())
            out = io.BytesIO()
            picture.save(out, "GIF", interlace=interlaced, optimize=False)
            name = f"gif-{width}x{height}-{colours}-{'interlaced' if interlaced else 'rows'}{'-flat' if flat else ''}"
            yield name, "gif", out.getvalue(), palette[indices]


def bmp(header, pixels, palette=b"", offset=True):
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start if offset else 0) + header + palette + pixels


def bmp_cells(photo):
    rng = np.random.default_rng(4)
    height, width = 17, 23
    colours = rng.integers(0, 256, (256, 3), np.uint8)
    for bits, os2, top_down, offset in itertools.product((1, 2, 4, 8), (False, True), (False, True), (True, False)):
        if os2 and top_down:
            continue
        indices = rng.integers(0, 1 << bits, (height, width))
        rows = indices if top_down else indices[::-1]
        data = b""
        for row in rows:
            packed = np.packbits((row[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)).tobytes()
            data += packed + b"\0" * (-len(packed) % 4)
        used = colours[: 1 << bits]
        if os2:
            header = struct.pack("<IHHHH", 12, width, height, 1, bits)
            palette = used[:, ::-1].tobytes()
        else:
            header = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, 0, 0, 0, 0, 0, 0)
            palette = np.hstack([used[:, ::-1], np.zeros((len(used), 1), np.uint8)]).tobytes()
        name = f"bmp-{bits}-{'os2' if os2 else 'windows'}-{'down' if top_down else 'up'}{'' if offset else '-offset0'}"
        yield name, "bmp", bmp(header, data, palette, offset), used[indices]
    part = photo[:height, :width]
    for masks, bits, name in (
        ((0x7C00, 0x3E0, 0x1F, 0), 16, "555"),
        ((0xF800, 0x7E0, 0x1F, 0), 16, "565"),
        ((0xF00, 0xF0, 0xF, 0xF000), 16, "4444"),
        ((0xFF0000, 0xFF00, 0xFF, 0xFF000000), 32, "bgra"),
        ((0xFF, 0xFF00, 0xFF0000, 0), 32, "rgbx"),
        ((0x3FF00000, 0xFFC00, 0x3FF, 0), 32, "101010"),
    ):
        levels = [mask >> (mask & -mask).bit_length() - 1 if mask else 0 for mask in masks]
        four = np.dstack([part, part[::-1, :, 1]]).astype(np.uint64)
        stored = sum(
            (four[..., i] * level + 127) // 255 << np.uint64((mask & -mask).bit_length() - 1)
            for i, (mask, level) in enumerate(zip(masks, levels))
            if mask
        )
        expected = np.dstack(
            [(four[..., i] * level + 127) // 255 * 255 / level for i, level in enumerate(levels) if level]
        )
        data = b"".join(
            (raw := row.astype("<u2" if bits == 16 else "<u4").tobytes()) + b"\0" * (-len(raw) % 4) for row in stored[::-1]
        )
        header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, bits, 3, 0, 0, 0, 0, 0)
        header += struct.pack("<IIII", *masks) + b"BGRs" + b"\0" * 48
        yield f"bmp-masks-{name}", "bmp", bmp(header, data), np.rint(expected).astype(np.uint8)
    for bits in (4, 8):
        for ends in (True, False):
            indices = np.repeat(rng.integers(0, 1 << bits, (height, -(-width // 3))), 3, 1)[:, :width]
            data = b""
            for row in indices[::-1]:
                for x in range(0, width, 3):
                    run = min(3, width - x)
                    data += bytes([run, row[x] * 17 if bits == 4 else row[x]])
                data += b"\0\0" if ends else b""
            header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 1 if bits == 8 else 2, 0, 0, 0, 0, 0)
            palette = np.hstack([colours[: 1 << bits, ::-1], np.zeros((1 << bits, 1), np.uint8)]).tobytes()
            name = f"bmp-rle{bits}{'' if ends else '-without-line-ends'}"
            yield name, "bmp", bmp(header, data + b"\0\1", palette), colours[indices]


def pillow_cells(photo):
    alpha = np.dstack([photo, photo[::-1, :, 0]])
    for name, array in (("rgb", photo), ("rgba", alpha)):
        for lossless in (True, False):
            out = io.BytesIO()
            Image.fromarray(array).save(out, "WEBP", lossless=lossless, exact=True, quality=90)
            expected = array if lossless else np.asarray(Image.open(io.BytesIO(out.getvalue())).convert(name.upper()))
            yield f"webp-{name}-{'lossless' if lossless else 'lossy'}", "webp", out.getvalue(), expected
    for name, array, kind in (("ppm", photo, "PPM"), ("pgm", photo[..., 0], "PPM")):
        out = io.BytesIO()
        Image.fromarray(array).save(out, kind)
        yield f"pnm-{name}", "ppm", out.getvalue(), array
    for subsampling, lossless in (("4:2:0", False), ("4:2:2", False), ("4:4:4", False), ("4:4:4", True)):
        out = io.BytesIO()
        try:
            Image.fromarray(photo).save(out, "AVIF", subsampling=subsampling, quality=100 if lossless else 90)
        except Exception as error:
            print("not written: AVIF", error)
            return
        expected = np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
        yield f"avif-{subsampling.replace(':', '')}-{'100' if lossless else '90'}", "avif", out.getvalue(), expected


def cells(photo):
    yield from png_cells()
    yield from gif_cells()
    yield from bmp_cells(photo)
    yield from pillow_cells(photo)
