"""What a config.json beside a weight file, or the file itself, says about its network that no tensor shows.

A file of transformers or timm from the Hugging Face Hub has a config.json in its folder. Another network's file may
stand there as well, so it counts only for weights with that library's names.
"""

from collections.abc import Mapping
from pathlib import Path

from core.models.foreign.layouts import Network
from core.models.untrusted.stored_tensor import Unusable
from core.models.untrusted.strict_json import InvalidJson, strict_json
from core.models.zoo import ResNetConfig, same_layers

_MAX_BYTES = 2**23
# In these of timm's networks a pooling or blurring layer without weights strides: the tensors of a plain ResNet.
_OTHER_POOLING = ("resnetaa", "resnetblur")


def config_beside(path: Path) -> Mapping[str, object]:
    """Return the config.json in a weight file's folder; empty if there is none that can be read."""
    try:
        with (path.parent / "config.json").open("rb") as file:
            found = strict_json(file.read(_MAX_BYTES + 1), _MAX_BYTES)
    except (OSError, InvalidJson):
        return {}
    return found if isinstance(found, dict) else {}


def fitting_config(network: Network, beside: Mapping[str, object]) -> Mapping[str, object]:
    """Return the config.json if it is that of the library that names layers like this; else an empty one."""
    if network.layout == "transformers":
        return beside if beside.get("model_type") == "resnet" else {}
    architecture = beside.get("architecture")  # as timm writes it
    return beside if isinstance(architecture, str) and "resnet" in architecture else {}


def check_transformers(network: Network, arch: str, config: ResNetConfig, beside: Mapping[str, object]) -> str | None:
    """Return a note if a network of transformers has no config.json; raises Unusable if it is another one by that.

    The fields are those of ``ResNetConfig`` in transformers; absent ones have the default.
    """
    if network.layout != "transformers":
        return None
    if not beside:
        usual = "a ResNet strides in the 3x3 convolution" if config.block == "bottleneck" else "it is a plain ResNet"
        return f"There is no config.json of transformers beside it; {usual} unless that file says otherwise."
    if beside.get("downsample_in_first_stage") is True:
        raise Unusable(
            "its config.json has downsample_in_first_stage, which cannot be built here. Choose other weights."
        )
    if beside.get("hidden_act", "relu") != "relu":
        raise Unusable("its config.json has another hidden_act than relu, which cannot be built here. Choose others.")
    if config.block == "bottleneck":
        first = beside.get("downsample_in_bottleneck") is True
        if first != (config.stride_in == "1x1"):
            right = f"{arch.removesuffix('-v1')}-v1" if first else arch.removesuffix("-v1")
            raise Unusable(
                f"its config.json has downsample_in_bottleneck {'true' if first else 'false'}. "
                f"Choose the architecture {right} (--arch {right})."
            )
    return None


def check_said_network(said: object, arch: str) -> str | None:
    """Return a note if the file calls its network otherwise; raises Unusable if that one only looks the same."""
    if not isinstance(said, str) or not 0 < len(said) <= 60 or not said.isprintable():
        return None
    # As timm and torchvision write them: "resnet50.a1_in1k", "wide_resnet50_2".
    word = said.lower().partition(".")[0].replace("_", "-")
    if word.startswith(_OTHER_POOLING):
        raise Unusable(f"it is of a {said}: the tensors of a plain ResNet, but another pooling. Choose other weights.")
    base = arch.partition("+")[0]
    if word == base or word not in _USUAL:
        return None
    if same_layers(word, base):
        return f"The file calls its network {said}; {arch} has the same layers, but strides in another convolution."
    return f"The file calls its network {said}, and its tensors fit {arch}."


_USUAL = frozenset({f"resnet{depth}" for depth in (18, 34, 50, 101, 152)})
