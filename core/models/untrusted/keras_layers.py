"""The names of the layers in Keras's six ResNets, and ours. Does not import torch."""

from collections.abc import Iterator

from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of

KERAS_ARCHITECTURES = tuple(name for name in ARCHITECTURES if name.startswith("keras-"))
CLASSIFIER = "predictions"
NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
WEIGHTED = {"kernel": "weight", "bias": "bias"}


def layers_of(config: ResNetConfig) -> Iterator[tuple[str, str]]:
    """Yield (Keras's layer, our module) for each layer with weights, from the input to the classes.

    Keras counts stages from 2 and blocks and convolutions from 1: ``conv3_block2_1_conv`` is ``layer2.1.conv1``. In V2
    the norm before the first convolution is ``preact_bn``, so the numbers of a block's norms shift by one.
    """
    yield "conv1_conv", "conv1"
    if not config.preactivation:
        yield "conv1_bn", "bn1"
    for stage, blocks in enumerate(config.layers):
        for block in range(blocks):
            keras, ours = f"conv{stage + 2}_block{block + 1}", f"layer{stage + 1}.{block}"
            if config.preactivation:
                yield f"{keras}_preact_bn", f"{ours}.bn1"
            if block == 0 and config.skip:
                yield f"{keras}_0_conv", f"{ours}.downsample.0"
                if not config.preactivation:
                    yield f"{keras}_0_bn", f"{ours}.downsample.1"
            for number in (1, 2, 3):
                yield f"{keras}_{number}_conv", f"{ours}.conv{number}"
                if not config.preactivation:
                    yield f"{keras}_{number}_bn", f"{ours}.bn{number}"
                elif number < 3:
                    yield f"{keras}_{number}_bn", f"{ours}.bn{number + 1}"
    if config.preactivation:
        yield "post_bn", "layer4.norm"
    yield CLASSIFIER, "fc"


LAYERS = {
    arch: frozenset(keras for keras, _ in layers_of(config_of(arch))) - {CLASSIFIER} for arch in KERAS_ARCHITECTURES
}
NAMES: frozenset[str] = frozenset().union(*LAYERS.values())
"""The layers of all six networks."""
