"""fastai's vision_learner(...).fine_tune: one epoch of the head, then 4 of everything.

https://docs.fast.ai/tutorial.vision.html: photos resized to 224 and augmented by aug_transforms, batches of 64,
one-cycle with discriminative rates, all else by default.
"""

import time
from typing import Any

import pandas as pd
import torch
from fastai.vision.all import (
    Callback,
    ImageDataLoaders,
    Normalize,
    Resize,
    accuracy,
    aug_transforms,
    set_seed,
    vision_learner,
)
from fastai.vision.learner import model_meta
from peer import SIZE, STD, Peer, resnet50_v1
from torchvision.models import resnet50


class Log(Callback):
    """Logs each epoch; validation is part of fastai's fit."""

    order = 60  # behind the Recorder

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._began = self._train_seconds = 0.0

    def before_train(self) -> None:
        self._began = time.perf_counter()

    def after_train(self) -> None:
        self._train_seconds = time.perf_counter() - self._began

    def after_epoch(self) -> None:
        frozen = self.learn.opt.frozen_idx > 0
        loader = self.learn.dls.train
        self._peer.record(
            self.learn.recorder.values[-1][-1],
            part="head" if frozen else "all",
            train_seconds=self._train_seconds,
            photos=len(loader) * loader.bs,  # it drops the last batch if that is not full
        )


def main() -> None:
    """Train the head, then everything."""
    peer = Peer(epochs=4)
    set_seed(peer.seed)
    rows = []
    for split in ("train", "val"):
        for path, label in zip(*peer.photos(split), strict=True):
            rows.append((path, peer.classes[label], split == "val"))
    loaders = ImageDataLoaders.from_df(
        pd.DataFrame(rows, columns=["name", "label", "is_valid"]),
        path="/",
        folder=None,
        bs=min(64, len(peer.photos("train")[0])),
        valid_col="is_valid",
        item_tfms=Resize(SIZE),
        batch_tfms=[*aug_transforms(), Normalize.from_stats(peer.mean, STD)],
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )

    def network(weights: Any = None) -> torch.nn.Module:
        return resnet50_v1(peer.weights)

    model_meta[network] = model_meta[resnet50]  # where to cut the network, and its groups of layers
    learner = vision_learner(loaders, network, metrics=accuracy, normalize=False, path=peer.work, cbs=Log(peer))
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(peer.options.epochs)


if __name__ == "__main__":
    main()
