"""Train a plain and a residual network on the same small photos, and record training errors and gradient norms."""

import math
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.data.pictures.decoding import decode
from core.data.pictures.transforms import Preprocessing, to_tensor
from core.data.tables.labels_csv import read_labels
from core.errors import DataError
from core.lessons.result_cache import ExperimentSteps
from core.lessons.skips import NETWORK_KINDS, TrainingSettings
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from core.training.events import Progress
from core.training.schedule import factor
from core.training.techniques.optimizers import uncompiled
from core.workspace import SAMPLE_IMAGES

_REPORT_SECONDS = 0.2


@dataclass(frozen=True)
class SmallPhotos:
    """Small normalised photos [N, 3, size, size] and their classes, int64 [N]."""

    images: Tensor
    labels: Tensor
    classes: int


@cache
def sample_photos(size: int) -> SmallPhotos:
    """Return the 120 labelled sample birds; raises DataError if they are missing."""
    folder = SAMPLE_IMAGES / "birds"
    if not (folder / "labels.csv").is_file():
        raise DataError(
            f"The sample photos are missing: {folder / 'labels.csv'} was not found. Download the repository again."
        )
    rows = [(row.filename, row.label) for row in read_labels(folder / "labels.csv").rows if row.label is not None]
    names = sorted({label for _, label in rows})
    preprocessing = Preprocessing(mode="crop", size=size, resize=size)
    views = [preprocessing.view(decode(folder / "images" / file, file).image) for file, _ in rows]
    images = preprocessing.normalise(torch.stack([to_tensor(view) for view in views]))
    return SmallPhotos(images, torch.tensor([names.index(label) for _, label in rows]), len(names))


def build_network(depth: int, kind: str, classes: int, seed: int, width: int = 16) -> ResNet:
    """Build a network of 6n + 2 layers in three stages; its initial weights depend on the seed only."""
    blocks = (depth - 2) // 6
    config = ResNetConfig("basic", (blocks, blocks, blocks, 0), width=width, stem="small", skip=kind == "residual")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResNet(config, classes)


def train_both(depth: int, seed: int, photos: SmallPhotos, setting: TrainingSettings) -> ExperimentSteps:
    """Train the plain and the residual network of one depth side by side: a row per kind and epoch.

    Columns: depth, kind, seed, epoch, error (share of wrong predictions), loss, gradient_1 to gradient_<depth> (norm of
    the loss's gradient for the weights of that layer; the last layer is the classifier) and seconds. Values are means
    over the batches of the epoch, each measured before its step. Epoch 0 is a pass without steps, before training.

    Each network uses one thread: its layers are too small for more, and two cores train two networks at once.
    """
    networks = {kind: build_network(depth, kind, photos.classes, seed, setting.width) for kind in NETWORK_KINDS}
    done = dict.fromkeys(NETWORK_KINDS, 0)
    stop = threading.Event()
    threads = torch.get_num_threads()
    tables = [
        _start_thread(partial(_train_one, networks[kind], photos, setting, seed, stop, _epoch_counter(done, kind)))
        for kind in NETWORK_KINDS
    ]
    try:
        yield from _report_progress(tables, done, depth, seed, setting)
    finally:
        # The threads check it before each batch.
        stop.set()
        wait(tables)
        # In torch, a thread that sets the number also sets it for later threads of this process.
        torch.set_num_threads(threads)
    results = [
        table.result().assign(depth=depth, kind=kind, seed=seed)
        for kind, table in zip(NETWORK_KINDS, tables, strict=True)
    ]
    together = pd.concat(results, ignore_index=True)
    first = ["depth", "kind", "seed", "epoch", "error", "loss", "seconds"]
    return together[[*first, *(column for column in together.columns if column not in first)]]


def _start_thread(work: Callable[[], pd.DataFrame]) -> Future[pd.DataFrame]:
    """Run the work in a daemon thread: unlike a pool's thread, it does not keep the program from exiting."""
    future: Future[pd.DataFrame] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again when the result is read
            future.set_exception(error)

    threading.Thread(target=run, name="skips", daemon=True).start()
    return future


def _report_progress(
    tables: list[Future[pd.DataFrame]], done: dict[str, int], depth: int, seed: int, setting: TrainingSettings
) -> Generator[Progress]:
    total = len(NETWORK_KINDS) * (setting.epochs + 1)
    while True:
        finished, running = wait(tables, _REPORT_SECONDS, FIRST_EXCEPTION)
        if not running or any(table.exception() is not None for table in finished):
            return
        yield Progress(f"{depth} layers, plain and residual, seed {seed}", sum(done.values()), total)


def _epoch_counter(done: dict[str, int], kind: str) -> Callable[[int], None]:
    def count(epochs: int) -> None:
        done[kind] = epochs

    return count


def _train_one(
    network: ResNet,
    photos: SmallPhotos,
    setting: TrainingSettings,
    seed: int,
    stop: threading.Event,
    report: Callable[[int], None],
) -> pd.DataFrame:
    """Train one network: a row per epoch, from 0; fewer if it is stopped."""
    torch.set_num_threads(1)
    network = network.train().to(memory_format=torch.channels_last)
    weights = _layer_weights(network)
    optimizer = uncompiled(torch.optim.SGD)(network.parameters(), lr=0.0, momentum=0.9, weight_decay=1e-4, fused=True)
    batches = math.ceil(len(photos.labels) / setting.batch)
    rows: list[dict[str, float]] = []
    for epoch in range(setting.epochs + 1):
        began = time.perf_counter()
        wrong, loss_sum, norms = 0, 0.0, torch.zeros(len(weights))
        order = np.random.default_rng([seed, epoch]).permutation(len(photos.labels))
        for number, places in enumerate(np.array_split(order, batches)):
            if stop.is_set():
                return pd.DataFrame(rows)
            chosen = torch.from_numpy(places)
            images, labels = photos.images[chosen], photos.labels[chosen]
            logits = network(images.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits, labels)
            loss.backward()
            norms += torch.stack([weight.grad.norm() for weight in weights if weight.grad is not None])
            wrong += int((logits.argmax(1) != labels).sum())
            loss_sum += float(loss.detach()) * len(places)
            if epoch:
                step = (epoch - 1) * batches + number
                for group in optimizer.param_groups:
                    group["lr"] = setting.learning_rate * factor("one-cycle", step, setting.epochs * batches)
                optimizer.step()
            optimizer.zero_grad()
        means = {f"gradient_{layer}": norm for layer, norm in enumerate((norms / batches).tolist(), 1)}
        count = len(photos.labels)
        seconds = time.perf_counter() - began
        rows.append({"epoch": epoch, "error": wrong / count, "loss": loss_sum / count, "seconds": seconds, **means})
        report(epoch + 1)
    return pd.DataFrame(rows)


def _layer_weights(network: ResNet) -> list[Tensor]:
    """Return the weights of the layers from input to classifier, without projections on skip connections."""
    convolutions: list[Tensor] = [
        module.weight
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and "downsample" not in name
    ]
    return [*convolutions, network.fc.weight]
