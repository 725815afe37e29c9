"""A plain network: 3x3 convolutions with ReLU, one long residual, depth-to-space, and an interpolated picture that it corrects.

    head = conv(input); body = relu(conv(...)) x layers; output = depth_to_space(conv(head + body)) + resized(input)

No layer multiplies activations with each other, so that a picture unlike the training set gives a plain error, not a burst of saturated pixels.
"""

import torch
import torch.nn.functional as functional
from onnx import TensorProto, helper
from torch import nn

from ..onnx_graph import Graph


class Plain(nn.Module):
    """Each layer of the body starts near the identity, so that gradients reach the first as they reach the last.

    `forward` takes and gives N x C x H x W of 0 to 1; the output's height and width are `scale` times the input's."""

    def __init__(self, scale: int, channels: int, layers: int, image_channels: int = 3):
        super().__init__()
        self.scale, self.image_channels = scale, image_channels
        self.head = nn.Conv2d(image_channels, channels, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(layers))
        self.tail = nn.Conv2d(channels, image_channels * scale * scale, 3, padding=1)
        for layer in self.body:
            nn.init.kaiming_uniform_(layer.weight, a=3)
            layer.weight.data += identity(layer)
        nn.init.normal_(self.tail.weight, std=0.001)
        nn.init.zeros_(self.tail.bias)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        head = self.head(picture)
        hidden = head
        for layer in self.body:
            hidden = functional.relu(layer(hidden))
        detail = depth_to_space(self.tail(hidden + head), self.scale).float()
        return detail + functional.interpolate(picture.float(), scale_factor=self.scale, mode="bilinear", align_corners=False)


def identity(layer: nn.Conv2d) -> torch.Tensor:
    """The weights with which a convolution gives what it is given."""
    return nn.init.dirac_(torch.empty_like(layer.weight))


def depth_to_space(tensor: torch.Tensor, scale: int) -> torch.Tensor:
    """ONNX's DepthToSpace in its DCR mode: the picture's channel is the fastest of the three that the depth holds."""
    n, depth, height, width = tensor.shape
    channels = depth // (scale * scale)
    blocks = tensor.reshape(n, scale, scale, channels, height, width)
    return blocks.permute(0, 3, 4, 1, 5, 2).reshape(n, channels, height * scale, width * scale)


def build(scale: int, channels: int, layers: int, image_channels: int = 3) -> Plain:
    return Plain(scale, channels, layers, image_channels)


def convolutions(network: Plain) -> list[nn.Conv2d]:
    """In the order in which a picture passes them: the order of the Conv nodes of an exported file."""
    return [network.head, *network.body, network.tail]


def hidden(network: Plain) -> list[nn.Conv2d]:
    return list(network.body)


def start_from(network: Plain, weights: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Takes over the weights of another plain network, fitted to this one's picture channels, scale and depth.

    `weights` are (weight, bias) pairs in the order of `convolutions`. From colour to grey, the head is summed over the colours, and the tail
    averaged; to another scale, each new subpixel starts as the nearest old one; layers that the other lacks start as the identity.
    """
    layers = convolutions(network)
    if len(layers) < len(weights):
        raise ValueError(f"the network has {len(layers)} convolutions, the weights to start from are of {len(weights)}")
    deeper = [(identity(layer), torch.zeros_like(layer.bias)) for layer in network.body[len(weights) - 2 :]]
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, [*weights[:-1], *deeper, weights[-1]]):
            if layer is network.head and weight.shape[1] == 3 and layer.in_channels == 1:
                weight = weight.sum(1, keepdim=True)
            if layer is network.tail:
                weight, bias = fit_tail(weight, network), fit_tail(bias, network)
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)


def fit_tail(values: torch.Tensor, network: Plain) -> torch.Tensor:
    target = network.image_channels
    rest = values.shape[1:]
    old_channels = 3 if values.shape[0] % 3 == 0 else 1
    old_scale = round((values.shape[0] // old_channels) ** 0.5)
    values = values.reshape(old_scale, old_scale, old_channels, *rest)
    if old_channels == 3 and target == 1:
        values = values.mean(2, keepdim=True)
    nearest = torch.arange(network.scale) * old_scale // network.scale
    return values[nearest][:, nearest].reshape(-1, *rest)


def export(network: Plain, graph: Graph) -> None:
    """Writes the network into `graph`, from its tensor "input" to its tensor "output"."""
    scale, channels = network.scale, network.image_channels
    hidden = graph.convolution("input", network.head, "head")
    head = hidden
    for index, layer in enumerate(network.body):
        hidden = graph.add("Relu", [graph.convolution(hidden, layer, f"body{index}")], f"relu{index}")
    hidden = graph.add("Add", [hidden, head], "residual")
    detail = graph.convolution(hidden, network.tail, "tail")
    detail = graph.add("DepthToSpace", [detail], "detail", blocksize=scale, mode="DCR")
    graph.initializers.append(helper.make_tensor("scales", TensorProto.FLOAT, [4], [1.0, 1.0, float(scale), float(scale)]))
    resized = graph.add("Resize", ["input", "", "scales"], "resized", mode="linear", coordinate_transformation_mode="half_pixel")
    graph.add("Add", [detail, resized], "output")
    graph.describe(scale, channels)
