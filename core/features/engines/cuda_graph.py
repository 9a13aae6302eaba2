"""Replays a computation on an NVIDIA GPU as one CUDA graph, so that the GPU never waits for Python."""

from collections.abc import Callable

import torch
from torch import Tensor

Compute = Callable[[Tensor, tuple[str, ...]], dict[str, Tensor]]
_WARM_UP = 3
_MOST_GRAPHS = 2


class Replayed:
    """Records `compute` for each batch shape, and replays it from then on.

    A batch smaller than an earlier one is filled up with black pictures, because recording takes longer than
    computing them; a frozen network computes each picture by itself. Shapes beyond the first few are computed directly.
    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._graphs: dict[tuple[tuple[int, ...], tuple[str, ...]], _Graph] = {}

    def __call__(self, pixels: Tensor, outputs: tuple[str, ...]) -> dict[str, Tensor]:
        count, side = len(pixels), tuple(pixels.shape[1:])
        fits = [
            (shape[0], graph)
            for (shape, names), graph in self._graphs.items()
            if names == outputs and shape[1:] == side and count <= shape[0] <= 4 * count
        ]
        if fits:
            graph = min(fits, key=lambda one: one[0])[1]
        elif len(self._graphs) < _MOST_GRAPHS:
            graph = self._graphs[tuple(pixels.shape), outputs] = _Graph(self._compute, pixels, outputs)
        else:
            return self._compute(pixels, outputs)
        return {name: value[:count] for name, value in graph.replay(pixels).items()}


class _Graph:
    def __init__(self, compute: Compute, pixels: Tensor, outputs: tuple[str, ...]) -> None:
        self._input = pixels.clone()
        # Kernels are chosen, and libraries set up, in the first calls; that must not be recorded.
        stream = torch.cuda.Stream(pixels.device)
        stream.wait_stream(torch.cuda.current_stream(pixels.device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                compute(self._input, outputs)
        torch.cuda.current_stream(pixels.device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = compute(self._input, outputs)

    def replay(self, pixels: Tensor) -> dict[str, Tensor]:
        """The outputs lie in the graph's own memory: the next replay overwrites them."""
        self._input.zero_()
        self._input[: len(pixels)].copy_(pixels)
        self._graph.replay()
        return self._outputs
