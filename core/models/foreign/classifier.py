"""Find the classifier among what a state dict holds beside a ResNet's trunk, and name what is left out."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.models.foreign.class_names import shown
from core.models.foreign.layouts import Named, Network
from core.models.untrusted.bundle_info import MAX_CLASSES
from core.models.untrusted.stored_tensor import StoredTensor

_NAMES = frozenset(
    {"fc", "head", "heads", "classifier", "last_linear", "linear", "output", "out", "logits", "cls", "cls_head"}
    | {"fc_cls", "classification_head", "final", "final_layer", "output_layer", "fc_layer", "new_fc", "last_layer"}
)
"""What people call the last layer; a number behind it is its place in an ``nn.Sequential``."""
_NO_LAYERS = frozenset({"criterion", "loss", "loss_fn", "loss_func", "loss_function", "metrics", "n_averaged", "box"})
"""What may stand beside a classifier without a part in it: losses, metrics, the counter of an average, our box head."""
_SILENT = frozenset({"n_averaged"})  # of torch.optim.swa_utils.AveragedModel: no layer at all
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Classifier:
    """The last layer of a network in a file."""

    tensors: Named
    """``fc.weight`` and ``fc.bias``; empty if there is no linear layer that is sure to be the classifier."""
    outputs: int
    notes: tuple[str, ...]


def classifier_of(network: Network, width: int, projection: bool) -> Classifier:
    """Return the one linear layer [K, width] behind a trunk, with notes on everything that is left out.

    With other layers beside it, it is not the last step from the features to the classes, so nothing is taken.
    ``projection`` says that the last layer was made for self-supervised training.
    """
    layers = sorted({_layer(name) for name in network.rest if _is_weight(name)})
    others = [layer for layer in layers if _words(network, layer)[0] not in _NO_LAYERS]
    linear = [layer for layer in others if _is_linear(network.rest, layer, width)]
    notes = []
    taken = None
    if len(others) == len(linear) == 1 and not projection and _last_word(_words(network, linear[0])) in _NAMES:
        [taken] = linear
        if _words(network, taken) != ["fc"]:
            notes.append(f"Its last layer {_short(taken)} is taken as the classifier.")
    elif layers:
        notes.append(_left_out(network, layers, linear, projection))
    left = {_group(network, name) for name in network.rest if taken is None or _layer(name) != taken} - _SILENT
    if taken is None:
        left -= {_group(network, f"{layer}.weight") for layer in layers}
    if left:
        notes.append(f"Also left out: {shown([_short(group) for group in sorted(left)])}.")
    if taken is None:
        return Classifier({}, 0, tuple(notes))
    weight, bias = network.rest[f"{taken}.weight"], network.rest[f"{taken}.bias"]
    outputs = weight.shape[0] if isinstance(weight, StoredTensor) else 0
    return Classifier({"fc.weight": weight, "fc.bias": bias}, outputs, tuple(notes))


def _left_out(network: Network, layers: list[str], linear: list[str], projection: bool) -> str:
    if projection and len(layers) == 1 and linear == layers:
        return f"Its last layer {_short(layers[0])} is a projection of self-supervised training, and was left out."
    groups = sorted({_group(network, f"{layer}.weight") for layer in layers})
    return f"Only the trunk is used; other layers ({shown([_short(group) for group in groups])}) were left out."


def _is_weight(name: str) -> bool:
    """Return whether a tensor is a weight of a layer, also if it is stored normalised (``weight_g``, ``weight_v``)."""
    return name.rpartition(".")[2].startswith("weight") or ".parametrizations." in name


def _is_linear(rest: Named, layer: str, width: int) -> bool:
    weight, bias = rest.get(f"{layer}.weight"), rest.get(f"{layer}.bias")
    if not isinstance(weight, StoredTensor) or not isinstance(bias, StoredTensor) or len(weight.shape) != 2:
        return False
    outputs, inputs = weight.shape
    return inputs == width and 0 < outputs <= MAX_CLASSES and bias.shape == (outputs,)


def _layer(name: str) -> str:
    return name.rpartition(".")[0]


def _words(network: Network, name: str) -> list[str]:
    """Return the parts of a name behind the network's prefix, or behind that of the network that it is part of."""
    outer = network.root
    while not name.startswith(outer):
        outer = outer[: outer.rstrip(".").rfind(".") + 1]
    return name[len(outer) :].split(".")


def _last_word(words: Iterable[str]) -> str:
    return next((word for word in reversed(list(words)) if not word.isdecimal()), "")


def _group(network: Network, name: str) -> str:
    words = _words(network, name)
    return (
        ".".join(words[:2]) if len(words) > 2 and words[0] in ("backbone", "model", "module", "encoder") else words[0]
    )


def _short(name: str) -> str:
    """Return a name of unknown origin as it can be shown."""
    return "".join(sign if sign.isprintable() else "?" for sign in name[:_LONGEST_SHOWN])
