"""The names and shapes of an architecture's tensors, and how a file's differ from them. Does not import torch."""

from collections.abc import Iterator, Mapping

from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of

Shape = tuple[int, ...]

_COUNTER = "num_batches_tracked"
_STATISTICS = "running_var"


def tensor_shapes(config: ResNetConfig, classes: int) -> dict[str, Shape]:
    """Return what ``ResNet(config, classes).state_dict()`` has, by name, in its order but for that of biases."""
    return dict(_tensors(config, classes))


def _tensors(config: ResNetConfig, classes: int) -> Iterator[tuple[str, Shape]]:
    yield from _conv(config, "conv1", 3, config.width, 3 if config.stem == "small" else 7, not config.preactivation)
    if not config.preactivation:
        yield from _norm("bn1", config.width)
    inputs = config.width
    for stage, blocks in enumerate(config.layers):
        width = config.width * 2**stage
        for number in range(blocks):
            stride = 2 if number == 0 and stage > 0 else 1
            yield from _block(config, f"layer{stage + 1}.{number}", inputs, width, stride)
            inputs = width * config.expansion
    if config.preactivation:
        yield from _norm("layer4.norm", inputs)
    if classes:
        yield "fc.weight", (classes, config.head_width)
        yield "fc.bias", (classes,)


def _block(config: ResNetConfig, name: str, inputs: int, width: int, stride: int) -> Iterator[tuple[str, Shape]]:
    outputs = width * config.expansion
    if config.block == "basic":
        layers = [(inputs, width, 3, 1), (width, width, 3, 1)]
    else:
        inside = width * config.width_per_group // 64 * config.groups
        layers = [(inputs, inside, 1, 1), (inside, inside, 3, config.groups), (inside, outputs, 1, 1)]
    for place, (ins, outs, kernel, groups) in enumerate(layers, start=1):
        if config.preactivation:
            yield from _norm(f"{name}.bn{place}", ins)
        normed = not (config.preactivation and place == len(layers))
        yield from _conv(config, f"{name}.conv{place}", ins, outs, kernel, normed, groups)
        if not config.preactivation:
            yield from _norm(f"{name}.bn{place}", outs)
    # In V2 the last block of a stage strides, and that one never has a projection for its stride alone.
    if config.skip and (inputs != outputs or (stride != 1 and not config.preactivation)):
        yield from _conv(config, f"{name}.downsample.0", inputs, outputs, 1, not config.preactivation)
        if not config.preactivation:
            yield from _norm(f"{name}.downsample.1", outputs)
    if config.squeeze:
        between = max(8, (outputs // 16 + 4) // 8 * 8)
        yield from _conv(config, f"{name}.se.fc1", outputs, between, 1, normed=False)
        yield from _conv(config, f"{name}.se.fc2", between, outputs, 1, normed=False)


def _conv(
    config: ResNetConfig, name: str, inputs: int, outputs: int, kernel: int, normed: bool, groups: int = 1
) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (outputs, inputs // groups, kernel, kernel)
    if config.conv_bias or not normed:
        yield f"{name}.bias", (outputs,)


def _norm(name: str, channels: int) -> Iterator[tuple[str, Shape]]:
    for part in ("weight", "bias", "running_mean", _STATISTICS):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.{_COUNTER}", ()


def difference(wanted: Mapping[str, Shape], found: Mapping[str, Shape]) -> str | None:
    """Describe in half a sentence how a file's tensors differ from what a network needs; None if they fit."""
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if missing or unknown:
        parts = [f"{len(missing)} are missing ({missing[0]} is the first)"] if missing else []
        parts += [f"{len(unknown)} are unknown ({unknown[0]} is the first)"] if unknown else []
        return f"of {len(wanted)} named tensors " + " and ".join(parts)
    for name, shape in wanted.items():
        if found[name] != shape:
            if name.startswith("fc.") and found[name][:1] != shape[:1]:
                return f"the weights are for {found[name][0]} classes, not for {shape[0]}"
            return f"{name} has the shape {list(found[name])}, not {list(shape)}"
    return None


def unfit_shapes(arch: str, found: Mapping[str, Shape]) -> str | None:
    """Describe why tensors, of any number of classes or without ``fc``, do not fit an architecture; None if they do.

    Counters of batches may be missing, as in files from before torch 0.4.1 and in those with frozen norms.
    """
    classifier = found.get("fc.weight", ())
    classes = classifier[0] if len(classifier) == 2 else 0
    wanted = tensor_shapes(config_of(arch), classes)
    counters = {name.removesuffix(_STATISTICS) + _COUNTER for name in found if name.endswith(_STATISTICS)}
    return difference(wanted, {**{name: () for name in counters if name in wanted}, **found})


def fitting_architectures(found: Mapping[str, Shape]) -> list[str]:
    """Return the architectures that tensors fit, with the options that they show; the usual one first."""
    stem = found.get("conv1.weight", ())
    small = "+small-stem" if len(stem) == 4 and stem[-1] == 3 else ""
    return [arch + small for arch in ARCHITECTURES if unfit_shapes(arch + small, found) is None]
