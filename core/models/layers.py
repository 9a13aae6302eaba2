"""The layers of a ResNet, re-created from tensor operations and ``nn.Parameter`` for reading and comparing.

Names, arguments and parameter names are torch.nn's, so `ResNet(config, layers=core.models.layers)` builds the same
network and loads the same weights. torch.nn is faster; these layers show what it computes. Shapes: N pictures,
C channels, H x W positions.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from core.errors import ModelError


class Conv2d(nn.Module):
    """A convolution by unfolding: every window becomes a row, and the layer is one matrix product.

    [N, in, H, W] -> [N, out, H', W'] with H' = (H + 2 padding - dilation (kernel - 1) - 1) // stride + 1
    (Dumoulin and Visin 2016, "A guide to convolution arithmetic", arXiv 1603.07285).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ModelError(f"{groups} groups do not divide {in_channels} input and {out_channels} output channels.")
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.groups = dilation, groups
        fan_in = in_channels // groups * kernel_size**2
        bound = fan_in**-0.5
        shape = (out_channels, in_channels // groups, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_channels).uniform_(-bound, bound)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        windows = unfold(x, self.kernel_size, self.stride, self.padding, self.dilation)  # [N, C, H', W', k, k]
        n, channels, height, width, k, _ = windows.shape
        groups = self.groups
        rows = windows.reshape(n, groups, channels // groups, height * width, k * k)
        rows = rows.permute(0, 1, 3, 2, 4).reshape(n, groups, height * width, channels // groups * k * k)
        kernels = self.weight.reshape(groups, -1, channels // groups * k * k)  # one row per output channel
        out = (rows @ kernels.transpose(1, 2)).transpose(2, 3)  # [N, groups, out/groups, H'W']
        out = out.reshape(n, -1, height, width)
        return out if self.bias is None else out + self.bias[:, None, None]


class BatchNorm2d(nn.Module):
    """Normalises each channel to mean 0 and variance 1 over batch and positions, then scales and shifts it.

    [N, C, H, W] -> the same. Training uses the batch's statistics and updates the running ones; evaluation uses the
    running ones (Ioffe and Szegedy 2015, arXiv 1502.03167, algorithms 1 and 2).
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            count = x.numel() // x.shape[1]
            if count < 2:
                raise ModelError(
                    "Batch normalisation gets only one value per channel here, and one value has no variance. "
                    "Train with larger batches or larger pictures."
                )
            mean = x.mean(dim=(0, 2, 3))
            variance = ((x - mean[:, None, None]) ** 2).mean(dim=(0, 2, 3))
            with torch.no_grad():
                # The running variance estimates that of all pictures, so it is unbiased (division by count - 1).
                unbiased = variance * (count / (count - 1))
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (unbiased - self.running_var)
                self.num_batches_tracked += 1
        else:
            mean, variance = self.running_mean, self.running_var
        scale = self.weight / torch.sqrt(variance + self.eps)
        return (x - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]


class Linear(nn.Module):
    """A weighted sum of all inputs for each output: [..., in] -> [..., out]."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        out = x @ self.weight.T
        return out if self.bias is None else out + self.bias


class ReLU(nn.Module):
    """Sets negative values to zero. `inplace` is accepted as in torch.nn; the result is a new tensor either way."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        # With this comparison NaN stays NaN, as in torch, so an overflow remains visible.
        return torch.where(x <= 0, torch.zeros((), dtype=x.dtype, device=x.device), x)


class MaxPool2d(nn.Module):
    """The largest value of each window: [N, C, H, W] -> [N, C, H', W'], sizes as in Conv2d."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding

    def forward(self, x: Tensor) -> Tensor:
        # Padding with minus infinity: it is never the maximum.
        windows = unfold(x, self.kernel_size, self.stride, self.padding, dilation=1, fill=-torch.inf)
        return windows.flatten(-2).max(dim=-1).values


class ZeroPad2d(nn.Module):
    """A frame of zeros, `padding` wide: [N, C, H, W] -> [N, C, H + 2 padding, W + 2 padding]."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        return pad(x, self.padding, 0.0)


class AdaptiveAvgPool2d(nn.Module):
    """The mean of each cell of an `output_size` x `output_size` grid laid over the picture: [N, C, o, o].

    Cell i spans the positions from floor(i H / o) to ceil((i + 1) H / o), as in torch.nn; size 1 is the mean of all.
    """

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        rows = [
            torch.stack([x[:, :, top:bottom, left:right].mean(dim=(2, 3)) for left, right in self._cells(x.shape[3])])
            for top, bottom in self._cells(x.shape[2])
        ]
        return torch.stack(rows).permute(2, 3, 0, 1)  # [o, o, N, C] -> [N, C, o, o]

    def _cells(self, length: int) -> Iterator[tuple[int, int]]:
        size = self.output_size
        for i in range(size):
            yield i * length // size, -(-(i + 1) * length // size)


class Flatten(nn.Module):
    """Flattens everything but the batch: [N, C, H, W] -> [N, C H W]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1)


class Sequential(nn.Module):
    """One layer after the other."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        for place, layer in enumerate(layers):
            self.add_module(str(place), layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


def unfold(x: Tensor, kernel: int, stride: int, padding: int, dilation: int, fill: float = 0.0) -> Tensor:
    """Return every window of the padded picture, as a view: [N, C, H, W] -> [N, C, H', W', kernel, kernel].

    Raises ModelError if the window is larger than the padded picture.
    """
    x = pad(x, padding, fill)
    span = dilation * (kernel - 1) + 1
    if span > min(x.shape[2:]):
        raise ModelError(f"A window of side {span} does not fit into a padded picture of {x.shape[2]} x {x.shape[3]}.")
    windows = x.unfold(2, span, stride).unfold(3, span, stride)
    return windows[..., ::dilation, ::dilation]


def pad(x: Tensor, padding: int, fill: float) -> Tensor:
    """Return the picture [N, C, H, W] with a frame of one value, `padding` wide."""
    if not padding:
        return x
    n, channels, height, width = x.shape
    larger = x.new_full((n, channels, height + 2 * padding, width + 2 * padding), fill)
    larger[:, :, padding : padding + height, padding : padding + width] = x
    return larger


def softmax(logits: Tensor) -> Tensor:
    """Logits [N, K] -> probabilities [N, K]. Subtracting the largest first keeps the result finite."""
    powers = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return powers / powers.sum(dim=1, keepdim=True)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Logits [N, K] and class numbers [N] -> the mean of -log(probability of the right class), a scalar."""
    largest = logits.max(dim=1, keepdim=True).values
    log_sum = largest[:, 0] + torch.log(torch.exp(logits - largest).sum(dim=1))
    return (log_sum - logits[torch.arange(len(targets)), targets]).mean()
