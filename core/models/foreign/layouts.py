"""Find the ResNets in a state dict, under any prefix and in the three usual ways of naming layers.

torchvision and timm: ``layer1.0.conv1.weight``, our own names. Children of such a network in an ``nn.Sequential``, as
fastai and many scripts build a trunk: ``4.0.conv1.weight``. Hugging Face transformers, ``modeling_resnet.py``:
``encoder.stages.0.layers.0.layer.0.convolution.weight``. Does not import torch.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.models.untrusted.stored_tensor import NotPlain, StoredTensor, Unusable

Value = StoredTensor | NotPlain
Named = dict[str, Value]

_WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"})
"""What torch.compile, FSDP, activation checkpointing and Lightning's Fabric put anywhere into a name."""
_MOST_NETWORKS = 20


@dataclass(frozen=True)
class Network:
    """One ResNet in a state dict."""

    layout: str
    """``torchvision``, ``children`` or ``transformers``."""
    root: str
    """The prefix of its names, with the last point: ``module.encoder_q.``; may be empty."""
    trunk: Named
    """Everything but the classifier, by our names."""
    rest: Named
    """What belongs neither to this trunk nor to another network, by the file's names."""


def networks_in(tensors: Mapping[str, Value]) -> list[Network]:
    """Return the ResNets of a state dict in the order of their prefixes; raises Unusable if a name stands twice."""
    named = _without_wrappers(tensors)
    found: list[tuple[str, str, Named, set[str]]] = []
    for layout, anchor, renamed in _LAYOUTS:
        roots = sorted(_roots(named, anchor))
        if len(roots) > _MOST_NETWORKS:
            raise Unusable(f"it holds more than {_MOST_NETWORKS} networks. Save the state_dict of one of them.")
        for root in roots:
            trunk, names = _trunk(named, root, renamed)
            if any(name.startswith("conv1.") for name in trunk):
                found.append((layout, root, trunk, names))
    made = []
    for one in found:
        layout, root, trunk, names = one
        others = {root: names for _, root, _, names in found if names is not one[-1]}
        made.append(Network(layout, root, trunk, _rest(named, root, names, others)))
    return made


def _without_wrappers(tensors: Mapping[str, Value]) -> Named:
    named: Named = {}
    for name, value in tensors.items():
        clean = ".".join(part for part in name.split(".") if part not in _WRAPPERS)
        if clean in named:
            raise Unusable("it holds a tensor twice, with and without a prefix. Save the model's state_dict again.")
        named[clean] = value
    return named


def _roots(named: Iterable[str], anchor: str) -> set[str]:
    whole = (name.removesuffix(anchor) for name in named if name.endswith(anchor))
    return {root for root in whole if not root or root.endswith(".")}


def _trunk(named: Named, root: str, renamed: Callable[[str], str | None]) -> tuple[Named, set[str]]:
    trunk: Named = {}
    names = set()
    for name, value in named.items():
        ours = renamed(name[len(root) :]) if name.startswith(root) else None
        if ours is None:
            continue
        if ours in trunk:
            raise Unusable("it holds a layer under two names. Save the model's state_dict again.")
        trunk[ours] = value
        names.add(name)
    return trunk, names


def _rest(named: Named, root: str, own: set[str], others: Mapping[str, set[str]]) -> Named:
    taken = own.union(*others.values())
    # What stands beside another trunk is part of that network; an outer prefix is no sign of that.
    elsewhere = tuple(other for other in others if not root.startswith(other))
    return {name: value for name, value in named.items() if name not in taken and not name.startswith(elsewhere)}


def _as_torchvision(name: str) -> str | None:
    first, _, inside = name.partition(".")
    if first == "layer0":  # the stem as an nn.Sequential, usual in code for segmentation
        number, _, last = inside.partition(".")
        return {"0": f"conv1.{last}", "1": f"bn1.{last}"}.get(number)
    if first not in _PARTS:
        return None
    # Usual in networks for CIFAR. The same layer: a convolution and a norm.
    return ".".join("downsample" if part == "shortcut" else part for part in name.split("."))


def _as_children(name: str) -> str | None:
    number, _, inside = name.partition(".")
    return f"{_CHILDREN[number]}.{inside}" if number in _CHILDREN and inside else None


def _as_transformers(name: str) -> str | None:
    if found := _EMBEDDER.fullmatch(name):
        return f"{_KINDS['conv1', 'bn1'][found[1]]}.{found[2]}"
    if found := _LAYER.fullmatch(name):
        stage, block, place, kind, last = found.groups()
        return f"layer{int(stage) + 1}.{int(block)}.{_KINDS['conv', 'bn'][kind]}{int(place) + 1}.{last}"
    if found := _SHORTCUT.fullmatch(name):
        stage, block, kind, last = found.groups()
        return f"layer{int(stage) + 1}.{int(block)}.downsample.{_KINDS['0', '1'][kind]}.{last}"
    return None


_PARTS = frozenset({"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"})
# The children of torchvision's and timm's ResNet; 2 and 3 are the ReLU and the pooling.
_CHILDREN = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
_KINDS = {
    pair: {"convolution": pair[0], "normalization": pair[1]} for pair in (("conv1", "bn1"), ("conv", "bn"), ("0", "1"))
}
_KIND = r"(convolution|normalization)\.(\w{1,30})"
_BLOCK = r"encoder\.stages\.([0-9])\.layers\.([0-9]{1,2})"
_EMBEDDER = re.compile(rf"embedder\.embedder\.{_KIND}")
_LAYER = re.compile(rf"{_BLOCK}\.layer\.([0-9])\.{_KIND}")
_SHORTCUT = re.compile(rf"{_BLOCK}\.shortcut\.{_KIND}")

# Each with the name by which a network is found, and how its names become ours.
_LAYOUTS: tuple[tuple[str, str, Callable[[str], str | None]], ...] = (
    ("torchvision", "layer1.0.conv1.weight", _as_torchvision),
    ("children", "4.0.conv1.weight", _as_children),
    ("transformers", "encoder.stages.0.layers.0.layer.0.convolution.weight", _as_transformers),
)
