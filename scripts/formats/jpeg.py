"""JPEG: every combination of sampling factors, scan layout, restarts and process, by an encoder of our own (ITU-T T.81)
that knows all of them; what libjpeg-turbo (in Pillow) makes of each is expected."""
import io
import itertools

import numpy as np
from PIL import Image

ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
LENGTHS_DC, VALUES_DC = [0, 1, 5, 1, 1, 1, 1, 1, 1], list(range(12))
# Sixteen-bit codes for all 256 symbols but the one of all ones: long, and right for everything.
LENGTHS_AC, VALUES_AC = [0] * 6 + [0] + [255] + [0], list(range(255))


def codes(lengths, values):
    out, code, at = {}, 0, 0
    for length, count in enumerate(lengths, 1):
        for _ in range(count):
            out[values[at]] = (code, length)
            code, at = code + 1, at + 1
        code <<= 1
    return out


DC, AC = codes(LENGTHS_DC, VALUES_DC), codes(LENGTHS_AC, VALUES_AC)


class Bits:
    def __init__(self):
        self.out, self.number, self.count = bytearray(), 0, 0

    def put(self, value, length):
        self.number, self.count = self.number << length | value, self.count + length
        while self.count >= 8:
            byte = self.number >> (self.count - 8) & 255
            self.out += bytes([byte, 0] if byte == 255 else [byte])
            self.count -= 8
            self.number &= (1 << self.count) - 1

    def amount(self, value):
        size = abs(int(value)).bit_length()
        return size, (value if value >= 0 else value + (1 << size) - 1)

    def flush(self):
        if self.count:
            self.put((1 << (8 - self.count)) - 1, 8 - self.count)


def segment(marker, data):
    return bytes([255, marker]) + (len(data) + 2).to_bytes(2, "big") + bytes(data)


BASIS = np.array([[np.sqrt((1 if u else 0.5) / 4) * np.cos((2 * x + 1) * u * np.pi / 16) for x in range(8)] for u in range(8)])


def blocks(plane, across, down, table):
    """Quantised coefficients of every block of a plane, padded to whole blocks in multiples of the sampling."""
    height, width = plane.shape
    wide, high = -(-width // (8 * across)) * across, -(-height // (8 * down)) * down
    padded = np.pad(plane, ((0, high * 8 - height), (0, wide * 8 - width)), mode="edge") - 128.0
    parts = padded.reshape(high, 8, wide, 8).transpose(0, 2, 1, 3)
    return np.rint(BASIS @ parts @ BASIS.T / table.reshape(8, 8)).astype(int)


def encode(planes, size, sampling, scans, restart=0, progressive=False, quant=4):
    """`planes`: one array for each component at its own size; `scans`: lists of components that share a scan."""
    width, height = size
    most = max(h for h, _ in sampling), max(v for _, v in sampling)
    table = np.full(64, quant)
    out = b"\xff\xd8" + segment(0xDB, bytes([0, *table]))
    parts = b"".join(bytes([i + 1, h << 4 | v, 0]) for i, (h, v) in enumerate(sampling))
    frame = bytes([8, *height.to_bytes(2, "big"), *width.to_bytes(2, "big"), len(planes)]) + parts
    out += segment(0xC2 if progressive else 0xC0, frame)
    for kind, lengths, values in ((0, LENGTHS_DC, VALUES_DC), (0x10, LENGTHS_AC, VALUES_AC)):
        out += segment(0xC4, bytes([kind, *(lengths + [0] * (16 - len(lengths))), *values]))
    if restart:
        out += segment(0xDD, restart.to_bytes(2, "big"))
    all_blocks = [blocks(plane, *factors, table) for plane, factors in zip(planes, sampling)]
    passes = [(0, 0), (1, 63)] if progressive else [(0, 63)]
    for first, last in passes:
        for scan in scans if first == 0 else [[c] for c in range(len(planes))]:
            header = bytes([len(scan)]) + b"".join(bytes([c + 1, 0]) for c in scan) + bytes([first, last, 0])
            out += segment(0xDA, header) + entropy(all_blocks, scan, size, sampling, most, restart, first, last)
    return out + b"\xff\xd9"


def entropy(all_blocks, scan, size, sampling, most, restart, first, last):
    if len(scan) == 1:
        h, v = sampling[scan[0]]
        # Alone in its scan a component has as many blocks as its own samples take.
        wide = -(-(-(-size[0] * h // most[0])) // 8)
        high = -(-(-(-size[1] * v // most[1])) // 8)
        units = [[(scan[0], y, x)] for y in range(high) for x in range(wide)]
    else:
        wide, high = -(-size[0] // (8 * most[0])), -(-size[1] // (8 * most[1]))
        units = [
            [(c, my * v + y, mx * h + x) for c in scan for h, v in [sampling[c]] for y in range(v) for x in range(h)]
            for my in range(high)
            for mx in range(wide)
        ]
    out, bits, before = b"", Bits(), {}
    for number, unit in enumerate(units):
        if restart and number and number % restart == 0:
            bits.flush()
            out += bytes(bits.out) + bytes([255, 0xD0 + (number // restart - 1) % 8])
            bits, before = Bits(), {}
        for c, y, x in unit:
            block(bits, all_blocks[c][y, x].reshape(64)[ZIGZAG], before, c, first, last)
    bits.flush()
    return out + bytes(bits.out)


def block(bits, values, before, c, first, last):
    if first == 0:
        size, amount = bits.amount(values[0] - before.get(c, 0))
        before[c] = values[0]
        bits.put(*DC[size])
        if size:
            bits.put(int(amount), size)
    if last == 0:
        return
    zeros = 0
    for value in values[1:]:
        if value == 0:
            zeros += 1
            continue
        while zeros > 15:
            bits.put(*AC[0xF0])
            zeros -= 16
        size, amount = bits.amount(value)
        bits.put(*AC[zeros << 4 | size])
        bits.put(int(amount), size)
        zeros = 0
    if zeros:
        bits.put(*AC[0])


def planes_of(picture, sampling):
    """The components at their own sizes: averages of what they stand for."""
    height, width = picture.shape[:2]
    most = max(h for h, _ in sampling), max(v for _, v in sampling)
    out = []
    for i, (h, v) in enumerate(sampling):
        size = (-(-width * h // most[0]), -(-height * v // most[1]))
        out.append(np.asarray(Image.fromarray(picture[..., i]).resize(size, Image.BOX), float))
    return out


def cells(photo):
    """Name, bytes and expected pixels of every cell."""
    size = (photo.shape[1], photo.shape[0])
    ycc = np.asarray(Image.fromarray(photo).convert("YCbCr"))
    factors = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (3, 1)]
    layouts = {"interleaved": [[0, 1, 2]], "separate": [[0], [1], [2]], "half": [[0], [1, 2]], "order": [[2], [0], [1]]}
    for a, b, c in itertools.product(factors, [(1, 1), (2, 1), (1, 2), (2, 2)], [(1, 1), (2, 2)]):
        for name, scans in layouts.items():
            for restart, progressive in ((0, False), (3, False), (0, True)):
                # T.81, B.2.3: at most ten blocks in a unit of an interleaved scan.
                sampling = [a, b, c]
                if any(len(scan) > 1 and sum(sampling[i][0] * sampling[i][1] for i in scan) > 10 for scan in scans):
                    continue
                if name in ("half", "order") and (restart or progressive):
                    continue
                if progressive and name != "interleaved":
                    continue
                file = encode(planes_of(ycc, sampling), size, sampling, scans, restart, progressive)
                label = "_".join(f"{h}{v}" for h, v in sampling)
                kind = "progressive" if progressive else "baseline"
                try:
                    expected = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
                except Exception:
                    # What libjpeg-turbo refuses may be refused.
                    expected = None
                yield f"jpeg-{kind}-{name}-{label}-restart{restart}", "jpg", file, expected
    grey = [np.asarray(ycc[..., 0], float)]
    for factors in ((1, 1), (2, 2), (2, 1)):
        file = encode(grey, size, [factors], [[0]])
        yield f"jpeg-baseline-grey-{factors[0]}{factors[1]}", "jpg", file, np.asarray(Image.open(io.BytesIO(file)))
