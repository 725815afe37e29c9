"""Scores of a network on pictures that it has not been trained on."""

import io
from pathlib import Path

import numpy
import torch
from PIL import Image

from .data.degrade import reduce
from .metrics import largest_after_reduction, psnr_luma, ssim_luma


def upscale(network: torch.nn.Module, picture: numpy.ndarray) -> numpy.ndarray:
    """H x W x 3 or H x W of bytes to the same, `scale` times larger. A grey network is given the luma of a colour picture alone."""
    planes = picture[:, :, None] if picture.ndim == 2 else picture
    tensor = torch.from_numpy(planes.astype(numpy.float32) / 255).permute(2, 0, 1)[None]
    device = next(network.parameters()).device
    with torch.inference_mode():
        output = network(tensor.to(device))[0].permute(1, 2, 0).cpu()
    pixels = (output.clamp(0, 1) * 255).round().byte().numpy()
    return pixels[:, :, 0] if picture.ndim == 2 else pixels


def load_test_sets(root: Path, names: list[str], scale: int, image_channels: int) -> dict[str, list[tuple[numpy.ndarray, numpy.ndarray]]]:
    """(small, large) pairs of the sets of these names under `root`.

    A set is a folder of large PNG pictures, or, as Set5 is distributed, one with HR/<name>.png and x<scale>/<name>x<scale>.png. `kodak@75` is
    the set kodak with its small pictures compressed as JPEG of quality 75, at half the resolution in colour.
    """
    sets = {}
    for name in names:
        folder, quality = root / name.split("@")[0], name.partition("@")[2]
        given = folder / f"x{scale}"
        large_folder = folder / "HR" if given.exists() else folder
        pairs = []
        for path in sorted(large_folder.iterdir()):
            if path.suffix != ".png":
                continue
            large = divisible(read(path, image_channels), scale)
            if given.exists():
                small = read(given / f"{path.stem}x{scale}{path.suffix}", image_channels)
            else:
                small = numpy.asarray(reduce(large, scale, "bicubic"))
            pairs.append((compressed(small, int(quality)) if quality else small, large))
        if not pairs:
            raise FileNotFoundError(f"{folder} holds no pictures to test with")
        sets[name] = pairs
    return sets


def read(path: Path, image_channels: int) -> numpy.ndarray:
    return numpy.asarray(Image.open(path).convert("L" if image_channels == 1 else "RGB"))


def compressed(picture: numpy.ndarray, quality: int) -> numpy.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=2)
    return numpy.asarray(Image.open(file))


def divisible(picture: numpy.ndarray, scale: int) -> numpy.ndarray:
    height, width = (length - length % scale for length in picture.shape[:2])
    return picture[:height, :width]


def evaluate(network: torch.nn.Module, sets: dict, scale: int) -> dict[str, float]:
    """Mean PSNR-Y of each set, its mean SSIM-Y as `<set> ssim`, and `worst`: the largest difference after reduction of any picture (of 255)."""
    network.eval()
    scores, worst = {}, 0.0
    for name, pairs in sets.items():
        values = []
        for small, large in pairs:
            output = upscale(network, small)
            values.append((psnr_luma(output, large, scale), ssim_luma(output, large, scale)))
            worst = max(worst, largest_after_reduction(output, small))
        scores[name], scores[f"{name} ssim"] = (sum(column) / len(column) for column in zip(*values))
    network.train()
    return {**scores, "worst": worst}
