"""What a large network makes of the prepared pictures, for a small one to learn from (Hinton and others, Distilling the knowledge in a neural
network, 2015, https://arxiv.org/abs/1503.02531).

A photograph has detail that its small form does not tell of. A step of a few crops is moved by that more than by what can be learnt. What a
large network makes of the small form has no such detail.
"""

from pathlib import Path

import numpy

from . import architectures
from .data.degrade import reduce
from .data.prepare import save
from .data.sampler import paths, read, taught
from .evaluate import divisible, upscale
from .onnx_graph import convolution_weights


def teach(root: Path, settings: dict, scale: int, here: Path, device: str = "cpu") -> None:
    """For each prepared <root>/<group>/<name>.npy writes <root>/<group>/<teacher>/<name>.npy, of its size less what `scale` does not divide.

    `settings`: the teacher's `name`, its `architecture` and `weights` (an ONNX file, from `here`), and the `groups`. The small forms are reduced by
    bicubic interpolation. Pictures that are there already are kept.
    """
    missing = [path for group in settings["groups"] for path in paths(root / group) if not taught(path, settings["name"]).exists()]
    if not missing:
        return
    architecture = {**settings["architecture"], "scale": scale}
    network = architectures.build(architecture).eval()
    architectures.module_of(architecture).start_from(network, convolution_weights(here / settings["weights"]))
    network.to(device)
    for path in missing:
        large = divisible(read(path), scale)
        save(taught(path, settings["name"]), upscale(network, numpy.asarray(reduce(large, scale, "bicubic"))))

