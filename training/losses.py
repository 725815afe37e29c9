"""What training makes small."""

import torch

from .metrics import BT601

LUMA = torch.tensor(BT601).reshape(1, 3, 1, 1)


def seen(difference: torch.Tensor, error) -> torch.Tensor:
    """The mean `error` of each crop, three quarters of which is luma's, in which eyes, and PSNR-Y, see most of a picture."""
    luma = (difference * LUMA).sum(1) if difference.shape[1] == 3 else difference[:, 0]
    return error(difference).mean((1, 2, 3)) / 4 + error(luma).mean((1, 2)) * 0.75


LOSSES = {
    "absolute": lambda difference: seen(difference, torch.abs) / 255,
    "even": lambda difference: seen(difference, torch.abs).log1p(),
    "even-squared": lambda difference: seen(difference, torch.square).log1p(),
}
"""Of the difference of each crop, of 255. By the error itself a crop of text weighs as much as five of photographs; by its logarithm alike."""
