"""Multiply float32 numbers in full precision, on graphics cards too."""

from typing import Any

import torch


def use_exact_fp32() -> None:
    """Multiply float32 numbers in full precision from now on in this process.

    By default cuDNN's convolutions use TF32 on newer NVIDIA GPUs, which keeps 10 of the 23 bits behind the point.
    """
    # The older switch too: torch raises an error to those who read it if the two disagree.
    torch.backends.cudnn.allow_tf32 = False
    for kind in float32_products():
        kind.fp32_precision = "ieee"


def float32_products() -> tuple[Any, ...]:
    """Return torch's settings that decide how float32 is multiplied: on NVIDIA GPUs, then on processors."""
    cuda, backends = torch.backends.cuda.matmul, (torch.backends.cudnn, torch.backends.mkldnn)
    # Names that only exist at run time.
    return (cuda, *(getattr(kind, name) for kind in backends for name in ("conv", "rnn")), backends[1].matmul)
