"""Writing and reading ONNX files: weights are stored as float16 and computed with as float32."""

from pathlib import Path

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Graph:
    """The nodes of one network, collected in order."""

    def __init__(self, name: str):
        self.name, self.nodes, self.casts, self.initializers = name, [], [], []
        self.inputs, self.outputs = [], []

    def add(self, operation: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(operation, inputs, [output], name=output, **attributes))
        return output

    def convolution(self, source: str, layer: torch.nn.Conv2d, name: str) -> str:
        weight = self.half(layer.weight, f"{name}_weight")
        bias = layer.bias.detach().float().numpy()
        self.initializers.append(numpy_helper.from_array(bias, f"{name}_bias"))
        return self.add("Conv", [source, weight, f"{name}_bias"], name, kernel_shape=list(layer.kernel_size), pads=list(layer.padding) * 2)

    def half(self, tensor: torch.Tensor, name: str) -> str:
        """Stores a tensor as float16, and casts it where the network begins."""
        self.initializers.append(numpy_helper.from_array(tensor.detach().numpy().astype(numpy.float16), f"{name}_f16"))
        self.casts.append(helper.make_node("Cast", [f"{name}_f16"], [name], name=name, to=TensorProto.FLOAT))
        return name

    def describe(self, scale: int, channels: int) -> None:
        """The picture's shape at both ends: 1 x channels x height x width."""
        shape = [1, channels, "height", "width"]
        self.inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
        self.outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, channels, "out_height", "out_width"])]

    def save(self, path: Path) -> None:
        graph = helper.make_graph(self.casts + self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="upscaler-node training")
        model.ir_version = 8
        helper.set_model_props(model, {"upscaler.input_range": "0,1", "upscaler.output_range": "0,1"})
        onnx.checker.check_model(model, full_check=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(model.SerializeToString())
        partial.replace(path)


def convolution_weights(path: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(weight, bias) of each Conv of a file, in the order of its nodes."""
    graph = onnx.load(path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    pairs = [(stored[node.input[1]], stored[node.input[2]]) for node in graph.node if node.op_type == "Conv"]
    return [(torch.tensor(weight.astype(numpy.float32)), torch.tensor(bias.astype(numpy.float32))) for weight, bias in pairs]
