"""The names that may occur in the pickle of a PyTorch file; none of them is ever imported, called or created.

torch.load(weights_only=True) imports what is on its list (``torch.serialization.add_safe_globals``), makes an object of
it and calls its ``__setstate__`` or fills its ``__dict__`` (torch 2.14, ``torch/_weights_only_unpickler.py``). Here a
name stays text, so this list does not decide what may run. It decides which files are taken for weights.
"""

import re

STORAGES = {
    f"torch.{name}Storage": dtype
    for name, dtype in {
        "Bool": "bool",
        "Byte": "uint8",
        "Char": "int8",
        "Half": "float16",
        "BFloat16": "bfloat16",
        "Short": "int16",
        "Float": "float32",
        "Int": "int32",
        "Double": "float64",
        "Long": "int64",
        "ComplexFloat": "complex64",
        "ComplexDouble": "complex128",
        "QInt8": "int8",
        "QUInt8": "uint8",
        "QInt32": "int32",
    }.items()
} | {"torch.storage.UntypedStorage": "uint8", "torch.storage.TypedStorage": "uint8"}

SPECIAL = {
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
    "torch._utils._rebuild_qtensor": "a quantized tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without numbers (on the meta device)",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_tensor_v3": "a tensor of a type that is not supported",
    "torch._utils._rebuild_wrapper_subclass": "a tensor of a special class",
}
"""Tensors that cannot be read, in words."""

TENSORS = {
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._tensor._rebuild_from_type_v2",
}

TABLES = {
    # The settings of a training: timm, DINO and most scripts save what argparse parsed. Only attributes.
    "argparse.Namespace",
    "types.SimpleNamespace",
    # Tables with a default, in the state of optimizers and metrics.
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.Counter",
    # The hyperparameters of Lightning, under its three package names, and two usual tables of settings.
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "yacs.config.CfgNode",
    "easydict.EasyDict",
}
"""Read as a table of what they hold."""

VERSION = "torch.torch_version.TorchVersion"
"""A text: the version of torch, which many scripts save."""

_PYTHON = ("set", "frozenset", "bytearray", "complex", "slice", "range", "xrange")
_FACTORIES = ("list", "dict", "int", "float", "str", "bool", "tuple")  # of a defaultdict
_PATHS = ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
HARMLESS = {
    "torch.Size",
    "torch.device",
    "torch.serialization._get_layout",
    "torch.nn.parameter.Parameter",
    "torch.Tensor",
    "_codecs.encode",
    "collections.deque",
    # The list of an optimizer's settings that fastai's learn.save writes.
    "fastcore.foundation.L",
    # In the settings of omegaconf: the type of a value.
    "typing.Any",
    # Dates of a training, and paths among its settings. Python 3.13 keeps paths in a private module.
    *(f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")),
    *(f"{module}.{name}" for module in ("pathlib", "pathlib._local") for name in _PATHS),
    *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in (*_PYTHON, *_FACTORIES)),
}
"""Read as "not a tensor", whatever they hold."""

# NumPy's numbers, such as a best accuracy; omegaconf's settings; the classes of Lightning's callbacks, which its early
# versions used as keys. And the types of tensors.
_HARMLESS_PATTERN = re.compile(
    r"numpy\.(_?core\.multiarray\.(scalar|_reconstruct)|ndarray|dtype)"
    r"|omegaconf(\.\w+){2}"
    r"|(pytorch_)?lightning\.(pytorch\.)?callbacks\.[\w.]+"
    r"|torch\.(q?u?int|b?float|b?complex|bool|bits|per_)\w*"
)

_KNOWN = STORAGES.keys() | SPECIAL.keys() | HARMLESS | TENSORS | TABLES | {VERSION}

_WHOLE_MODEL = re.compile(
    r"(torchvision\.models|timm|transformers|ultralytics|segmentation_models_pytorch|efficientnet_pytorch"
    r"|torch\.nn\.(modules|parallel|quantized|qat)|torch\.ao|torch\.fx|models?|nets?|networks?|resnet\w*)\..+"
    r"|__main__\.\w*|.+\.\w*(Net|Model|Classifier|Module)\d*"
)
_PLAIN_PICKLE = "torch.storage._load_from_bytes"  # how a tensor pickles itself without torch.save
_NAME = re.compile(r"[A-Za-z_][\w.]{0,99}")


def is_known(name: str) -> bool:
    """Return whether a name may occur in a file of weights."""
    return name in _KNOWN or _HARMLESS_PATTERN.fullmatch(name) is not None


def more_than_tensors(name: str) -> str:
    """Say what a file with an unknown name is, as a predicate with what to do."""
    shown = f" ({name})" if _NAME.fullmatch(name) else ""
    if name.startswith(("fastai.", "fastcore.")):
        return (
            f"is a whole learner of fastai{shown} (learn.export), which is never run here. "
            "In fastai, use learn.save, and choose the .pth file that it writes."
        )
    if name == _PLAIN_PICKLE:
        return "was written with Python's pickle, not with torch.save. Save the state_dict with torch.save."
    if shown and _WHOLE_MODEL.fullmatch(name):
        return (
            f"contains more than tensors: a whole model as Python objects{shown}, which are never run here. "
            "Load it where it was made, and save the model's state_dict alone."
        )
    return (
        f"contains more than tensors{shown}, or is damaged, and was not loaded. "
        "Save the model's state_dict alone, best as .safetensors."
    )
