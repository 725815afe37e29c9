"""A trained network as an ONNX file that the product loads."""

from pathlib import Path

import torch

from .architectures import module_of
from .config import Config
from .onnx_graph import Graph


def export(network: torch.nn.Module, config: Config, path: Path) -> None:
    """Writes weights as float16; both ends are N x C x H x W of 0 to 1."""
    graph = Graph(config.name)
    module_of(config.architecture).export(network, graph)
    graph.save(path)
