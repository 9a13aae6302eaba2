"""Describe the ResNet in a file of weights: its tensors by our names, its classes, and what was taken or left out.

Nothing is chosen in silence: what other networks and layers a file holds becomes a note, and a file in which more than
one network may be meant is refused. Does not import torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from core.models.foreign.class_names import class_names, shown
from core.models.foreign.classifier import classifier_of
from core.models.foreign.config_beside import check_said_network, check_transformers, fitting_config
from core.models.foreign.layouts import Named, Network, networks_in
from core.models.foreign.other_networks import network_of, variant_of
from core.models.foreign.state_dicts import StateDict, is_optimizer_state, is_projection, rank, state_dicts_in
from core.models.untrusted.stored_tensor import StoredTensor, Unusable, checked_state
from core.models.untrusted.tensor_shapes import Shape, fitting_architectures, unfit_shapes
from core.models.zoo import config_of, network_name

_LONGEST_SHOWN = 80


class DoesNotFit(ValueError):
    """Why weights do not fit an architecture, as a clause that follows "does not fit", and what to do."""


@dataclass(frozen=True)
class Described:
    """A ResNet in a file, before any number is read."""

    tensors: dict[str, StoredTensor]
    """By our names, checked; without ``fc`` if the file has no classifier for this network."""
    classes: tuple[str, ...] | None
    """In the order of the outputs; None if the file does not name them."""
    notes: tuple[str, ...]
    """Whole sentences on what was taken, and what was left out."""


@dataclass(frozen=True)
class _Option:
    """A network in one of the file's state dicts."""

    state: StateDict
    network: Network

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.state.path, *self.network.root.rstrip(".").split("."))

    @property
    def label(self) -> str:
        text = "/".join((*self.state.path, self.network.root.rstrip("."))).rstrip("/") or "the file's own names"
        return "".join(sign if sign.isprintable() else "?" for sign in text[:_LONGEST_SHOWN])

    @property
    def shapes(self) -> dict[str, Shape]:
        trunk = self.network.trunk
        return {name: value.shape if isinstance(value, StoredTensor) else () for name, value in trunk.items()}


def describe(
    found: object, file_bytes: int, arch: str, metadata: Mapping[object, object], beside: Mapping[str, object]
) -> Described:
    """Return the ResNet for `arch` in what a file holds.

    ``metadata`` is what a .safetensors file notes, ``beside`` the config.json in its folder. Raises Unusable and
    DoesNotFit.
    """
    states = state_dicts_in(found)
    options = [_Option(state, network) for state in states for network in networks_in(state.tensors)]
    if not options:
        raise Unusable(_other_content(found, states))
    chosen, notes = _chosen(options, arch, file_bytes)
    config, network = config_of(arch), chosen.network
    beside = fitting_config(network, beside)
    classifier = classifier_of(network, config.head_width, is_projection(chosen.words))
    tensors = checked_state({**network.trunk, **classifier.tensors}, file_bytes)
    places: Sequence[object] = (found, metadata, beside)
    names = class_names(places, classifier.outputs)
    said = [place.get("arch") or place.get("architecture") for place in places if isinstance(place, Mapping)]
    notes += [
        *classifier.notes,
        *([_DILATED] if _is_dilated(network.rest) else []),
        *([names.remark] if names.remark else []),
        *([f"Its classes: {shown(names.names)}."] if names.names else []),
        *filter(None, [check_transformers(network, arch, config, beside)]),
        *dict.fromkeys(filter(None, (check_said_network(one, arch) for one in said))),
    ]
    return Described(tensors, names.names, tuple(notes))


def _chosen(options: Sequence[_Option], arch: str, file_bytes: int) -> tuple[_Option, list[str]]:
    """Return the network that is meant, and what to say about the choice.

    Of the model and the average of its weights, the average; of teacher and student, the teacher; of an encoder and its
    copy, the encoder. One that does not fit is passed over.
    """
    ranked = sorted(options, key=lambda option: rank(option.words))
    fitting = [option for option in ranked if unfit_shapes(arch, option.shapes) is None]
    if not fitting:
        _raise_unfit(ranked, arch, file_bytes)
    best = fitting[0]
    place = rank(best.words)
    others = [option for option in options if option.network.trunk != best.network.trunk]
    rivals = [option for option in fitting if rank(option.words) == place and option in others]
    if rivals:
        raise Unusable(
            f"it holds several networks ({shown([one.label for one in (best, *rivals)])}), and which one is meant is "
            "not clear. Save the state_dict of one of them."
        )
    if not others:
        return best, []
    why = {0: ", the average of the weights,", 1: ", the teacher,"}.get(place, "")
    notes = [f"{best.label}{why} is used, not {shown([one.label for one in others])}."]
    passed = [option for option in ranked if rank(option.words) < place]
    if passed:
        notes.append(f"{passed[0].label} does not fit {arch}, so it was passed over.")
    return best, notes


def _raise_unfit(ranked: Sequence[_Option], arch: str, file_bytes: int) -> NoReturn:
    known = [(option, fitting_architectures(option.shapes)) for option in ranked]
    option, fits = next(((option, fits) for option, fits in known if fits), known[0])
    if variant := variant_of([*option.network.trunk, *option.network.rest]):
        raise Unusable(f"it is {variant}, which cannot be built here. Choose weights of a plain ResNet.")
    checked_state(option.network.trunk, file_bytes)  # a quantized network is named as that
    if fits:
        right = fits[0]
        other = f", or {' or '.join(fits[1:])} if its blocks stride in their first convolution" if fits[1:] else ""
        raise DoesNotFit(
            f"it holds weights of {network_name(right)}. Choose the architecture {right} (--arch {right}){other}."
        )
    raise DoesNotFit(f"{unfit_shapes(arch, option.shapes)}. Choose the architecture that the file is for.")


def _other_content(found: object, states: Sequence[StateDict]) -> str:
    """Say what a file without a ResNet holds, and what to do."""
    if is_optimizer_state(found):
        return "it holds the state of an optimizer, and no network. Save the model's state_dict."
    names = [name for state in states for name in state.tensors]
    if not names:
        nothing = "it is empty" if isinstance(found, Mapping) and not found else "it holds no tensors with names"
        return f"{nothing}, so it is not a state dict. Save the model's state_dict."
    if kind := network_of(names):
        return f"it holds the state dict of {kind}, and only ResNets can be used. Choose weights of a ResNet."
    return (
        f"it holds {len(names):,} tensors, but no ResNet: none is named like layer1.0.conv1.weight. "
        "Choose weights of a ResNet."
    )


_DILATED = (
    "In its own network the last stages may be dilated instead of strided, so its features are not quite the same."
)


def _is_dilated(rest: Named) -> bool:
    """Return whether a network for segmentation is behind the trunk, as torchvision's FCN and DeepLab."""
    words = ("aux_classifier.", "classifier.0.convs.", "decode_head.")
    if any(word in name for name in rest for word in words):
        return True
    first = rest.get("classifier.0.weight")
    return isinstance(first, StoredTensor) and len(first.shape) == 4
