"""TIFF: layout, planes, compression, predictor, bits, photometric interpretation, extra samples, byte order and size of
offsets, by tifffile and imagecodecs; what was written is expected."""
import io
import itertools

import numpy as np
import tifffile


def write(array, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, array, metadata=None, **options)
    return out.getvalue()


def cells(photo):
    grey = photo[..., 1]
    deep = (photo.astype(np.uint16) << 8) + photo[::-1]
    alpha = np.dstack([photo, photo[::-1, :, 0]])
    layouts = {"strip": {}, "rows": {"rowsperstrip": 7}, "tile": {"tile": (16, 32)}}
    codecs = {
        "none": None,
        "lzw": "lzw",
        "deflate": "deflate",
        "packbits": "packbits",
        "zstd": "zstd",
        "jpeg": "jpeg",
        "webp": "webp",
        "lzma": "lzma",
        "jpegxl": "jpegxl",
    }
    for (layout, place), (codec, compression), order, big, predictor, planar in itertools.product(
        layouts.items(), codecs.items(), "<>", (False, True), (False, True), (False, True)
    ):
        streams = codec in ("jpeg", "webp", "jpegxl")
        if predictor and (streams or codec in ("none", "packbits", "lzma")) or big and order == ">" and layout != "tile":
            continue
        for name, array in (("rgb8", photo), ("rgb16", deep), ("grey8", grey), ("grey16", deep[..., 0]), ("rgba8", alpha)):
            if streams and array.dtype != np.uint8 or codec == "webp" and array.ndim == 2 or planar and array.ndim == 2:
                continue
            if planar and codec in ("webp", "jpegxl"):
                continue
            options = {"photometric": "minisblack" if array.ndim == 2 else "rgb", "byteorder": order, "bigtiff": big}
            options |= place
            if compression:
                options |= {"compression": compression, "predictor": predictor}
            if codec == "webp":
                options["compressionargs"] = {"lossless": True}
            if codec == "jpeg":
                options["compressionargs"] = {"level": 100}
                options["photometric"] = "minisblack" if array.ndim == 2 else "rgb"
                if array.shape[-1] == 4 and not planar:
                    continue
            if array.shape[-1] == 4:
                options["extrasamples"] = ["unassalpha"]
            if planar:
                options["planarconfig"] = "separate"
                array = np.moveaxis(array, -1, 0)
            try:
                file = write(array, **options)
            except Exception as error:  # what the writer does not do is no cell
                print("not written:", name, codec, layout, planar, str(error)[:80])
                continue
            expected = np.moveaxis(array, 0, -1) if planar else array
            if codec == "jpeg":
                # What is lost is lost for every reader.
                expected = tifffile.imread(io.BytesIO(file))
                expected = np.moveaxis(expected, 0, -1) if planar else expected
            label = f"{layout}-{'planar' if planar else 'chunky'}-{codec}{'-predictor' if predictor else ''}"
            label += f"-{'big' if order == '>' else 'little'}{'-bigtiff' if big else ''}"
            refused = codec in ("lzma", "jpegxl")
            yield f"tiff-{name}-{label}", "tif", file, "refused" if refused else expected
    yield from kinds(photo, grey)


def kinds(photo, grey):
    yield "tiff-white-is-zero", "tif", write(255 - grey, photometric="miniswhite"), grey
    bilevel = grey > 128
    for photometric, flip in (("minisblack", False), ("miniswhite", True)):
        for codec in (None, "packbits", "lzw", "ccittfax4", "ccittfax3", "ccittrle"):
            try:
                file = write(bilevel ^ flip, photometric=photometric, compression=codec)
            except Exception:
                continue
            yield f"tiff-bilevel-{photometric}-{codec}", "tif", file, (bilevel * 255).astype(np.uint8)
    palette = np.random.default_rng(1).integers(0, 256, (3, 256), np.uint16)
    for layout, place in (("strip", {}), ("tile", {"tile": (16, 16)})):
        for big in (False, True):
            file = write(grey, photometric="palette", colormap=palette * 257, bigtiff=big, **place)
            yield f"tiff-palette-{layout}{'-bigtiff' if big else ''}", "tif", file, palette.T[grey].astype(np.uint8)
    wide = (grey.astype(np.uint32) << 24) + 12345
    yield "tiff-grey32", "tif", write(wide, photometric="minisblack"), np.rint(wide / (2**32 - 1) * 65535).astype(np.uint16)
    for name, array in (("float32", grey.astype(np.float32)), ("int16", grey.astype(np.int16)), ("float16", grey.astype(np.float16))):
        yield f"tiff-{name}", "tif", write(array, photometric="minisblack"), "refused"
    for count in (1, 2, 3):
        more = np.dstack([photo] + [grey] * count)
        for layout, place in (("strip", {}), ("tile", {"tile": (16, 16)})):
            file = write(more, photometric="rgb", extrasamples=["unspecified"] * count, **place)
            yield f"tiff-rgb-unspecified{count}-{layout}", "tif", file, photo
