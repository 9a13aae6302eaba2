"""Name the network that a state dict without a usable ResNet belongs to, by the names of its tensors.

The names are those of torchvision, timm, Hugging Face transformers and the networks' own repositories.
"""

import re
from collections.abc import Collection

_NETWORKS: tuple[tuple[str, str], ...] = (
    ("low-rank changes to another model (LoRA)", r"lora_(A|B|down|up|embedding)"),
    ("a diffusion model", r"(^|\.)(diffusion_model|down_blocks\.0|mid_block|double_blocks)\."),
    ("CLIP", r"(^|\.)(visual\.transformer|visual\.attnpool|text_model\.|token_embedding\.weight$)"),
    (
        "a language model",
        r"(word_embeddings\.weight|(^|\.)wte\.weight|embed_tokens\.weight|self_attn\.q_proj\.weight)$",
    ),
    ("a Swin Transformer", r"relative_position_bias_table$"),
    ("a Vision Transformer (ViT)", r"(^|\.)(cls_token|class_token|pos_embed|pos_embedding|position_embeddings)$"),
    ("a Vision Transformer (ViT)", r"(^|\.)blocks\.0\.attn\.qkv\.weight$"),
    (
        "a ConvNeXt",
        r"(\.layer_scale|layer_scale_parameter|\.grn\.(weight|gamma)|\.dwconv\.weight|stages\.0\.blocks\.0\.gamma)$",
    ),
    ("a ConvNeXt", r"(^|\.)stages\.0\.blocks\.0\.conv_dw\.weight$"),
    ("a DenseNet", r"(^|\.)denseblock1\.|denselayer1\."),
    (
        "an EfficientNet or MobileNet",
        r"(^|\.)(_?conv_stem\.weight|_blocks\.0\._depthwise_conv\.|blocks\.0\.0\.conv_dw\.)",
    ),
    ("an EfficientNet or MobileNet", r"(^|\.)features\.1\.(0\.block\.0\.0|block\.0\.0|conv\.0\.0)\.weight$"),
    ("an Inception network", r"(^|\.)(Conv2d_1a_3x3|Mixed_5b|inception3a|conv2d_1a|mixed_3a)\."),
    ("a SqueezeNet", r"(^|\.)features\.\d+\.squeeze\.weight$"),
    ("a ShuffleNet", r"(^|\.)stage2\.0\.branch2\."),
    ("a RegNet", r"(^|\.)(trunk_output\.block1|s1\.b1\.conv1)\."),
    ("a YOLO network", r"(^|\.)model\.\d+\.(conv|cv1|m\.0|dfl)\.|(^|\.)model\.\d+\.cv2\."),
    ("an SENet of pretrainedmodels", r"(^|\.)layer1\.0\.se_module\."),
    (
        "a ResNetV2 of timm (pre-activation, BiT)",
        r"(^|\.)stem\.conv\.weight$|(^|\.)stages\.0\.blocks\.0\.norm1\.weight$",
    ),
    ("a VGG or AlexNet", r"(^|\.)features\.0\.weight$"),
    ("a U-Net", r"(^|\.)(up1|down1|upconv\d|decoder\.blocks\.0|dconv_down1)\."),
    ("a recurrent network", r"\.weight_(ih|hh)_l0$|^weight_ih_l0$"),
)
_VARIANTS: tuple[tuple[str, str], ...] = (
    ("CLIP's ResNet, which has a deep stem and ends in attention", r"attnpool\."),
    ("a Res2Net", r"^layer1\.0\.convs\.0\."),
    ("a ResNeSt", r"^layer1\.0\.conv2\.(conv|fc1)\.weight$"),
    ("an SENet of pretrainedmodels, which strides elsewhere", r"^layer1\.0\.se_module\."),
    ("a ResNet with another kind of attention (ECA, CBAM)", r"^layer1\.0\.(se\.conv|ca\.|sa\.|cbam)"),
    ("a ResNet with a deep stem of three convolutions (as resnet50d of timm)", r"^conv1\.[036]\.weight$"),
)


def _compiled(table: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern)) for name, pattern in table)


_NETWORK_PATTERNS, _VARIANT_PATTERNS = _compiled(_NETWORKS), _compiled(_VARIANTS)
_LONGEST_NAME = 200


def network_of(names: Collection[str]) -> str | None:
    """Return the kind of network with an article, "a Vision Transformer (ViT)"; None if it is not known."""
    return _first(_NETWORK_PATTERNS, names)


def variant_of(names: Collection[str]) -> str | None:
    """Return the kind of ResNet, by the names inside it, if it is one that cannot be built here."""
    return _first(_VARIANT_PATTERNS, names)


def _first(patterns: tuple[tuple[str, re.Pattern[str]], ...], names: Collection[str]) -> str | None:
    short = [name for name in names if len(name) <= _LONGEST_NAME]
    return next((kind for kind, pattern in patterns if any(map(pattern.search, short))), None)
