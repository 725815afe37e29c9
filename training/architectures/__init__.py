"""The networks that can be trained, one module each.

A module has `build(**settings)`, `hidden(network)` (the convolutions that Muon moves), `start_from(network, weights)` and `export(network, graph)`; the [architecture] table's `kind` is its name.
"""

from types import ModuleType

from torch import nn

from . import plain, span

KINDS: dict[str, ModuleType] = {"plain": plain, "span": span}


def module_of(settings: dict) -> ModuleType:
    kind = settings.get("kind")
    if kind not in KINDS:
        raise ValueError(f"architecture.kind must be one of {', '.join(KINDS)}, not {kind!r}")
    return KINDS[kind]


def build(settings: dict) -> nn.Module:
    """The network that the configuration's [architecture] table describes."""
    return module_of(settings).build(**{name: value for name, value in settings.items() if name != "kind"})
