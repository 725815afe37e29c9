"""What training makes small."""

import torch
import torch.nn.functional as functional

from .metrics import BT601

LUMA = torch.tensor(BT601).reshape(1, 3, 1, 1)


def seen(difference: torch.Tensor, error) -> torch.Tensor:
    """The mean `error` of each crop, three quarters of which is luma's, in which eyes, and PSNR-Y, see most of a picture."""
    luma = (difference * LUMA.to(difference.device)).sum(1) if difference.shape[1] == 3 else difference[:, 0]
    return error(difference).mean((1, 2, 3)) / 4 + error(luma).mean((1, 2)) * 0.75


LOSSES = {
    "absolute": lambda difference: seen(difference, torch.abs) / 255,
    "even": lambda difference: seen(difference, torch.abs).log1p(),
    "even-squared": lambda difference: seen(difference, torch.square).log1p(),
    "root": lambda difference: seen(difference, torch.square).add(1).sqrt(),
}
"""Of the difference of each crop, of 255. By the error itself a crop of text weighs as much as five of photographs; by its logarithm alike.
The root of the mean square lies between: what is hard in a photograph counts more, as it does in the photograph's own PSNR."""

SOUND_MARGIN = 12
"""Of 255: less than the 32 that the measure of stability allows, so that pictures that were not learnt from keep within it too."""

COLOUR_MARGIN = 20
"""Of 255: less than the 36 of the guard."""


class Clamped(torch.autograd.Function):
    """Values brought into 0 to 1. What lies outside has a gradient only on its way back, or it would run farther away without an end."""

    @staticmethod
    def forward(context, value):
        context.save_for_backward(value)
        return value.clamp(0, 1)

    @staticmethod
    def backward(context, gradient):
        (value,) = context.saved_tensors
        return gradient * ((value >= 0) | (gradient < 0)) * ((value <= 1) | (gradient > 0))


def unsound(output: torch.Tensor, small: torch.Tensor) -> torch.Tensor:
    """What the output, of 0 to 1 as its input is, has that is not in its input: the sum of two mean squares, of 255."""
    shown = Clamped.apply(output)
    beyond = invented(shown, small)
    return beyond if small.shape[1] == 1 else beyond + coloured(shown, small)


def invented(output: torch.Tensor, small: torch.Tensor) -> torch.Tensor:
    """How far the output, reduced by area, is from its input beyond what is lost with all detail.

    Half the range of the 3x3 pixels around and SOUND_MARGIN are no fault, as in `scripts/models/stress/compare.mjs`.
    """
    distance = (functional.avg_pool2d(output, output.shape[-1] // small.shape[-1]) - small).abs()
    low, high = around(small, 3)
    return square_beyond(distance - (high - low) / 2, SOUND_MARGIN)


def coloured(output: torch.Tensor, small: torch.Tensor) -> torch.Tensor:
    """How far differences of two colours are outside of those of the 5x5 input pixels around and 0.3 of their range, as in the guard."""
    scale = output.shape[-1] // small.shape[-1]
    first, second = [0, 2, 0], [1, 1, 2]
    low, high = around(small[:, first] - small[:, second], 5)
    allowed = 0.3 * (high - low)
    low, high = (bound.repeat_interleave(scale, 2).repeat_interleave(scale, 3) for bound in (low - allowed, high + allowed))
    found = output[:, first] - output[:, second]
    return square_beyond(torch.maximum(found - high, low - found), COLOUR_MARGIN)


def around(values: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The lowest and the highest of the side x side values around each."""
    return -functional.max_pool2d(-values, side, 1, side // 2), functional.max_pool2d(values, side, 1, side // 2)


def square_beyond(distance: torch.Tensor, margin: float) -> torch.Tensor:
    """The mean square, of 255, of what distances of 0 to 1 have beyond a margin of 255."""
    return functional.relu(distance - margin / 255).mul(255).square().mean()
