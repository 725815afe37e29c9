"""The step: Muon for the hidden convolutions, Adam for what has no hidden width on both sides: the two ends and all biases.

Muon (Jordan, 2024, https://kellerjordan.github.io/posts/muon/) moves a weight matrix by its averaged gradient with all singular values brought
near 1, so that directions that seldom have a large gradient are learnt too.
"""

import torch
from torch import nn

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of a quintic iteration that brings singular values to between 0.7 and 1.2 in five rounds."""


class Muon(torch.optim.Optimizer):
    """For convolutions, each taken as a matrix of output channels x (input channels x kernel)."""

    def __init__(self, parameters, lr: float):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["exp_avg"] = torch.zeros_like(weight)
                average = state["exp_avg"]
                average.lerp_(weight.grad, 1 - MOMENTUM)
                weight.sub_(orthogonal(weight.grad.lerp(average, MOMENTUM)), alpha=group["lr"])


def orthogonal(gradient: torch.Tensor) -> torch.Tensor:
    """The gradient with singular values near 1, by Newton-Schulz iterations."""
    first, third, fifth = NEWTON_SCHULZ
    matrix = gradient.reshape(gradient.shape[0], -1)
    matrix = matrix / (matrix.norm() + 1e-7)
    for _ in range(5):
        square = matrix @ matrix.T
        matrix = first * matrix + (third * square + fifth * square @ square) @ matrix
    return matrix.reshape(gradient.shape)


class Optimizer:
    """Both of them, at one pace: `settings` has the highest `rate` of Muon, if any layer is `hidden`, and `end_rate` of Adam."""

    def __init__(self, network: nn.Module, hidden: list[nn.Conv2d], settings: dict):
        weights = [layer.weight for layer in hidden]
        inner = {id(weight) for weight in weights}
        rest = [parameter for parameter in network.parameters() if id(parameter) not in inner]
        adam = torch.optim.Adam(rest, settings["end_rate"], betas=(0.9, 0.99))
        self.parts = [Muon(weights, settings["rate"]), adam] if weights else [adam]
        self.rates = [part.defaults["lr"] for part in self.parts]

    def step(self, pace: float) -> None:
        """One step at `pace` (0 to 1) of the highest rates."""
        for part, rate in zip(self.parts, self.rates):
            for group in part.param_groups:
                group["lr"] = rate * pace
            part.step()

    def zero_grad(self) -> None:
        for part in self.parts:
            part.zero_grad()

    def state_dict(self) -> list[dict]:
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, state: list[dict]) -> None:
        for part, saved in zip(self.parts, state, strict=True):
            part.load_state_dict(saved)
