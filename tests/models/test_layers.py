"""The re-created layers compute what torch.nn computes: values and gradients, over random shapes."""

from copy import deepcopy

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.errors import ModelError
from core.models import layers

TOLERANCE = 1e-5


def agree(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    """The same parameters give the same values, and the same gradients of the input and every parameter.

    Values also in float32. Gradients sum so many numbers that float32 itself is further from the truth than 1e-5, in
    torch's layers as in these; in float64 what is left is a difference in what they compute.
    """
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        close(deepcopy(ours)(x), deepcopy(theirs)(x))
    ours, theirs = ours.double(), theirs.double()
    left, right = x.double().requires_grad_(), x.double().requires_grad_()
    ours_out, theirs_out = ours(left), theirs(right)
    close(ours_out, theirs_out)
    weights = torch.randn(theirs_out.shape, dtype=torch.float64)
    (ours_out * weights).sum().backward()
    (theirs_out * weights).sum().backward()
    close(left.grad, right.grad)
    for (name, mine), (_, other) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        close(mine.grad, other.grad, name)
    for (name, mine), (_, other) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        close(mine, other, name)


def close(ours: Tensor | None, theirs: Tensor | None, name: str | None = None) -> None:
    """The issue's number: no two numbers further apart than 1e-5, however large they are."""
    torch.testing.assert_close(ours, theirs, atol=TOLERANCE, rtol=0, equal_nan=True, msg=name)


sizes = st.integers(1, 9)
SPECIAL = (0.0, -0.0, 1e-30, -1e30, torch.nan)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 3),
    groups=st.sampled_from([1, 2, 3]),
    width_in=st.integers(1, 3),
    width_out=st.integers(1, 3),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 2),
    bias=st.booleans(),
    height=sizes,
    width=sizes,
    seed=st.integers(0, 10_000),
)
def test_conv2d(n, groups, width_in, width_out, kernel, stride, padding, dilation, bias, height, width, seed) -> None:
    assume(dilation * (kernel - 1) + 1 <= min(height, width) + 2 * padding)
    torch.manual_seed(seed)
    arguments = (width_in * groups, width_out * groups, kernel, stride, padding, dilation, groups, bias)
    agree(layers.Conv2d(*arguments), nn.Conv2d(*arguments), torch.randn(n, width_in * groups, height, width))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 4), channels=st.integers(1, 5), height=sizes, width=sizes, training=st.booleans(), seed=sizes)
def test_batch_norm(n: int, channels: int, height: int, width: int, training: bool, seed: int) -> None:
    # With two or three values a channel the gradient is almost zero by cancellation, in torch's layer as in ours.
    assume(n * height * width > 3)
    torch.manual_seed(seed)
    theirs = nn.BatchNorm2d(channels)
    nn.init.normal_(theirs.weight)
    nn.init.normal_(theirs.bias)
    theirs(torch.randn(8, channels, 3, 3))
    ours = layers.BatchNorm2d(channels)
    agree(ours.train(training), theirs.train(training), 2 + 3 * torch.randn(n, channels, height, width))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 4), inputs=st.integers(1, 6), outputs=st.integers(1, 6), bias=st.booleans(), seed=sizes)
def test_linear(n: int, inputs: int, outputs: int, bias: bool, seed: int) -> None:
    torch.manual_seed(seed)
    agree(layers.Linear(inputs, outputs, bias), nn.Linear(inputs, outputs, bias), torch.randn(n, inputs))


@settings(max_examples=40, deadline=None)
@given(kernel=st.integers(1, 4), stride=st.integers(1, 3), pad=st.integers(0, 2), height=sizes, width=sizes, seed=sizes)
def test_max_pool(kernel: int, stride: int, pad: int, height: int, width: int, seed: int) -> None:
    assume(pad <= kernel // 2 and kernel <= min(height, width) + 2 * pad)
    torch.manual_seed(seed)
    agree(layers.MaxPool2d(kernel, stride, pad), nn.MaxPool2d(kernel, stride, pad), torch.randn(2, 3, height, width))


@settings(max_examples=20, deadline=None)
@given(pad=st.integers(0, 3), height=sizes, width=sizes, seed=sizes)
def test_zero_pad(pad: int, height: int, width: int, seed: int) -> None:
    torch.manual_seed(seed)
    agree(layers.ZeroPad2d(pad), nn.ZeroPad2d(pad), torch.randn(2, 3, height, width))


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, 7), height=sizes, width=sizes, seed=sizes)
def test_adaptive_average_pool(size: int, height: int, width: int, seed: int) -> None:
    torch.manual_seed(seed)
    agree(layers.AdaptiveAvgPool2d(size), nn.AdaptiveAvgPool2d(size), torch.randn(2, 3, height, width))


@settings(max_examples=40, deadline=None)
@given(shape=st.lists(sizes, min_size=1, max_size=4), special=st.sampled_from(SPECIAL), seed=sizes)
def test_relu(shape: list[int], special: float, seed: int) -> None:
    torch.manual_seed(seed)
    x = torch.randn(shape)
    x.view(-1)[0] = special
    agree(layers.ReLU(), nn.ReLU(), x)


@settings(max_examples=20, deadline=None)
@given(shape=st.lists(sizes, min_size=2, max_size=5), seed=sizes)
def test_flatten(shape: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    agree(layers.Flatten(), nn.Flatten(), torch.randn(shape))


def test_what_is_no_number_stays_none_in_relu() -> None:
    x = torch.tensor([torch.nan, -torch.inf, -1.0, -0.0, 0.0, 2.0, torch.inf])
    torch.testing.assert_close(layers.ReLU()(x), nn.ReLU()(x), atol=0, rtol=0, equal_nan=True)


def test_relu_flatten_and_sequential_name_their_parameters_like_torch() -> None:
    torch.manual_seed(0)
    ours = layers.Sequential(
        layers.Conv2d(3, 4, 3), layers.BatchNorm2d(4), layers.ReLU(), layers.Flatten(), layers.Linear(64, 2)
    )
    theirs = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    agree(ours, theirs, torch.randn(5, 3, 6, 6))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 5), classes=st.integers(1, 6), scale=st.sampled_from([1.0, 50.0, 1e4]), seed=sizes)
def test_softmax_and_cross_entropy(n: int, classes: int, scale: float, seed: int) -> None:
    torch.manual_seed(seed)
    x = scale * torch.randn(n, classes)
    targets = torch.randint(classes, (n,))
    close(layers.softmax(x), torch.softmax(x, 1))
    # A loss of thousands has no fifth digit behind the point in float32.
    torch.testing.assert_close(
        layers.cross_entropy(x, targets), nn.functional.cross_entropy(x, targets), atol=TOLERANCE, rtol=TOLERANCE
    )
    left, right = x.double().requires_grad_(), x.double().requires_grad_()
    ours, theirs = layers.cross_entropy(left, targets), nn.functional.cross_entropy(right, targets)
    close(ours, theirs)
    ours.backward()
    theirs.backward()
    close(left.grad, right.grad)


def test_what_cannot_be_computed_is_said() -> None:
    with pytest.raises(ModelError, match="groups"):
        layers.Conv2d(3, 4, 3, groups=2)
    with pytest.raises(ModelError, match="does not fit"):
        layers.Conv2d(3, 4, 5)(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ModelError, match="variance"):
        layers.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
