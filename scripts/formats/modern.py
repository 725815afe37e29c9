"""AVIF and JPEG XL by imagecodecs (libavif with libaom, libjxl), which decodes them again to say what is expected."""
import imagecodecs
import numpy as np

CHANNELS = {"grey": 1, "greyalpha": 2, "rgb": 3, "rgba": 4}


def pictures(photo):
    """The photo in each number of channels, 0 to 1."""
    rgb = photo.astype(float) / 255
    alpha = np.broadcast_to(np.linspace(0, 1, photo.shape[1]), photo.shape[:2])[..., None]
    grey = rgb[..., :1]
    yield "grey", grey
    yield "greyalpha", np.concatenate([grey, alpha], axis=2)
    yield "rgb", rgb
    yield "rgba", np.concatenate([rgb, alpha], axis=2)


def encoded(linear, channels):
    """Colours in sRGB's transfer function (IEC 61966-2-1), at 16 bits; alpha as it is."""
    out = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    if channels % 2 == 0:
        out[..., -1] = linear[..., -1]
    return np.round(out * 65535).astype(np.uint16)


def jxl_cells(photo):
    for name, picture in pictures(photo):
        for kind, full in (("u8", 255), ("u16", 65535), ("f32", 1)):
            stored = np.round(picture * full).astype(f"uint{kind[1:]}") if full > 1 else picture.astype(np.float32)
            for mode, options in (
                ("lossless", {"lossless": True}),
                ("lossy", {"lossless": False, "distance": 1.0}),
            ):
                for container in (False, True):
                    file = imagecodecs.jpegxl_encode(np.squeeze(stored), effort=3, usecontainer=container, **options)
                    found = imagecodecs.jpegxl_decode(file)
                    found = found.reshape(picture.shape)
                    if full != 255:
                        # imagecodecs declares numbers of more than 8 bits to be linear light.
                        found = encoded(np.clip(found / full, 0, 1), picture.shape[2])
                    yield f"jxl-{name}-{kind}-{mode}-{'boxed' if container else 'bare'}", "jxl", file, found


def avif_cells(photo):
    for name, picture in pictures(photo):
        if name == "greyalpha":
            continue
        for bits in (8, 10, 12):
            full = (1 << bits) - 1
            stored = np.round(picture * full).astype(np.uint8 if bits == 8 else np.uint16)
            for sampling in ("400",) if name == "grey" else ("444", "422", "420"):
                file = imagecodecs.avif_encode(
                    np.squeeze(stored), level=90, speed=8, bitspersample=bits, pixelformat=sampling, codec="aom"
                )
                found = imagecodecs.avif_decode(file).astype(np.uint32)
                found = found.reshape(*found.shape[:2], -1)
                if name == "grey":
                    found = found[..., :1]
                if bits > 8:
                    found = np.round(found * 65535 / full)
                yield f"avif-{name}-{bits}-{sampling}", "avif", file, found.astype(np.uint8 if bits == 8 else np.uint16)


def cells(photo):
    yield from jxl_cells(photo)
    yield from avif_cells(photo)
