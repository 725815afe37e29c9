"""SPAN: Swift Parameter-free Attention Network (Wan and others, 2023, https://arxiv.org/abs/2311.12770), with its branches merged.

Six blocks of three 3x3 convolutions with SiLU; each block's output is gated by a sigmoid of itself. The form is that of `models/span`, whose
weights a run may start from, so that fine-tuning keeps what is already learnt.
"""

import torch
import torch.nn.functional as functional
from onnx import TensorProto, helper
from torch import nn

from ..onnx_graph import Graph

BLOCKS = 6
MEAN = (0.4488, 0.4371, 0.4040)
"""The mean colour of DIV2K, which the published weights expect to be subtracted."""
RANGE = 255.0


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.first, self.second, self.third = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(3))

    def forward(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The block's output, and what its first convolution gave after SiLU."""
        first = functional.silu(self.first(tensor))
        third = self.third(functional.silu(self.second(first)))
        return (third + tensor) * (torch.sigmoid(third) - 0.5), first


class Span(nn.Module):
    """`forward` takes and gives N x 3 x H x W of 0 to 1; the output's height and width are `scale` times the input's."""

    def __init__(self, scale: int, channels: int = 48):
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.ModuleList(Block(channels) for _ in range(BLOCKS))
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        self.joined = nn.Conv2d(4 * channels, channels, 1)
        self.tail = nn.Conv2d(channels, 3 * scale * scale, 3, padding=1)
        self.register_buffer("mean", torch.tensor(MEAN).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        head = self.head((picture - self.mean) * RANGE)
        hidden, outputs, firsts = head, [], []
        for block in self.blocks:
            hidden, first = block(hidden)
            outputs.append(hidden)
            firsts.append(first)
        joined = self.joined(torch.cat([head, self.last(hidden), outputs[0], firsts[-1]], 1))
        return functional.pixel_shuffle(self.tail(joined), self.scale).float()


def build(scale: int, channels: int = 48) -> Span:
    return Span(scale, channels)


def convolutions(network: Span) -> list[nn.Conv2d]:
    """In the order of the Conv nodes of an exported file."""
    blocks = [layer for block in network.blocks for layer in (block.first, block.second, block.third)]
    return [network.head, *blocks, network.last, network.joined, network.tail]


def hidden(network: Span) -> list[nn.Conv2d]:
    """None: with Muon's steps the gates run away on text within 500 steps."""
    return []


def start_from(network: Span, weights: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Takes over the weights of a SPAN of the same scale; `weights` are (weight, bias) pairs in the order of `convolutions`."""
    layers = convolutions(network)
    if len(layers) != len(weights):
        raise ValueError(f"the network has {len(layers)} convolutions, the weights to start from are of {len(weights)}")
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, weights):
            if layer.weight.shape != weight.shape:
                raise ValueError(f"a convolution of {tuple(layer.weight.shape)} cannot start from one of {tuple(weight.shape)}")
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)


def export(network: Span, graph: Graph) -> None:
    """Writes the network into `graph`, from its tensor "input" to its tensor "output"."""
    graph.initializers += [
        helper.make_tensor("mean", TensorProto.FLOAT, [1, 3, 1, 1], MEAN),
        helper.make_tensor("range", TensorProto.FLOAT, [], [RANGE]),
        helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
    ]
    centred = graph.add("Mul", [graph.add("Sub", ["input", "mean"], "centred"), "range"], "ranged")
    head = graph.convolution(centred, network.head, "head")
    hidden, outputs, firsts = head, [], []
    for index, block in enumerate(network.blocks):
        hidden, first = export_block(block, graph, hidden, f"block{index}")
        outputs.append(hidden)
        firsts.append(first)
    last = graph.convolution(hidden, network.last, "last")
    joined = graph.add("Concat", [head, last, outputs[0], firsts[-1]], "concat", axis=1)
    tail = graph.convolution(graph.convolution(joined, network.joined, "joined"), network.tail, "tail")
    graph.add("DepthToSpace", [tail], "output", blocksize=network.scale, mode="CRD")
    graph.describe(network.scale, 3)


def export_block(block: Block, graph: Graph, source: str, name: str) -> tuple[str, str]:
    first = silu(graph, graph.convolution(source, block.first, f"{name}_first"))
    second = silu(graph, graph.convolution(first, block.second, f"{name}_second"))
    third = graph.convolution(second, block.third, f"{name}_third")
    gate = graph.add("Sub", [graph.add("Sigmoid", [third], f"{name}_sigmoid"), "half"], f"{name}_gate")
    return graph.add("Mul", [graph.add("Add", [third, source], f"{name}_sum"), gate], name), first


def silu(graph: Graph, source: str) -> str:
    return graph.add("Mul", [source, graph.add("Sigmoid", [source], f"{source}_sigmoid")], f"{source}_silu")
