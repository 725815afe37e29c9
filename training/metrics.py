"""PSNR and SSIM as super-resolution papers state them: on MATLAB's luma of 8-bit pictures, without a border of `scale` pixels."""

import numpy
import torch
import torch.nn.functional as functional
from PIL import Image

BT601 = (0.299, 0.587, 0.114)
"""What red, green and blue are of luma in full range, as JPEG, sharp and PNG writers take it."""


def luma(picture: numpy.ndarray) -> numpy.ndarray:
    """Y of MATLAB's rgb2ycbcr (16 to 235) of H x W x 3 or H x W of 0 to 255; a grey picture stands for equal red, green and blue."""
    picture = picture.astype(numpy.float64)
    if picture.ndim == 2:
        return 16 + picture * 219 / 255
    return 16 + (picture @ numpy.array([65.481, 128.553, 24.966])) / 255


def without_border(picture: numpy.ndarray, border: int) -> numpy.ndarray:
    return picture[border:-border, border:-border]


def psnr(first: numpy.ndarray, second: numpy.ndarray) -> float:
    """In dB, of values of 0 to 255; infinite for equal pictures."""
    error = numpy.mean((first.astype(numpy.float64) - second) ** 2)
    return float("inf") if error == 0 else float(10 * numpy.log10(255**2 / error))


def psnr_luma(first: numpy.ndarray, second: numpy.ndarray, border: int) -> float:
    return psnr(without_border(luma(first), border), without_border(luma(second), border))


def ssim_luma(first: numpy.ndarray, second: numpy.ndarray, border: int) -> float:
    """Structural similarity (Wang and others, 2004), 1 for equal pictures: the mean over windows of 11x11 pixels, weighted by a Gaussian of
    deviation 1.5, that lie within the picture."""
    x, y = (torch.from_numpy(without_border(luma(picture), border)) for picture in (first, second))
    mean_x, mean_y, square_x, square_y, product = windowed(torch.stack([x, y, x * x, y * y, x * y]))
    variance_x, variance_y, covariance = square_x - mean_x**2, square_y - mean_y**2, product - mean_x * mean_y
    light, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * mean_x * mean_y + light) * (2 * covariance + contrast)
    return float((similar / ((mean_x**2 + mean_y**2 + light) * (variance_x + variance_y + contrast))).mean())


def windowed(maps: torch.Tensor) -> torch.Tensor:
    """The weighted mean of each window of N maps, N x H x W."""
    weights = torch.exp(-((torch.arange(11, dtype=maps.dtype) - 5) ** 2) / (2 * 1.5**2))
    weights = weights / weights.sum()
    across = functional.conv2d(maps[:, None], weights.reshape(1, 1, 1, 11))
    return functional.conv2d(across, weights.reshape(1, 1, 11, 1))[:, 0]


def largest_after_reduction(output: numpy.ndarray, source: numpy.ndarray) -> float:
    """How far the output, reduced to the source's size by area, is from the source: the largest difference of any sample, of 255.

    A sound network stays near its source everywhere; one that blows up on a picture does not.
    """
    size = (source.shape[1], source.shape[0])
    reduced = numpy.asarray(Image.fromarray(output).resize(size, Image.Resampling.BOX))
    return float(numpy.abs(reduced.astype(numpy.int32) - source).max())
