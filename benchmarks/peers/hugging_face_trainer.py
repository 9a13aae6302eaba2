"""Hugging Face's Trainer with ResNetForImageClassification, as its image-classification example sets it.

https://github.com/huggingface/transformers/tree/main/examples/pytorch/image-classification: the command in its README:
AdamW 2e-5 falling linearly, batches of 8, 5 epochs, a checkpoint each epoch, the best one loaded at the end.
"""

import time
from typing import Any

import numpy as np
import torch
from datasets import Dataset, Image
from peer import SIZE, STD, Peer
from torchvision.transforms import (
    CenterCrop,
    Compose,
    Normalize,
    RandomHorizontalFlip,
    RandomResizedCrop,
    Resize,
    ToTensor,
)
from transformers import ResNetForImageClassification, Trainer, TrainerCallback, TrainingArguments


class Log(TrainerCallback):
    """Logs each epoch after its evaluation."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._began = self._train_seconds = 0.0

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self._train_seconds = time.perf_counter() - self._began

    def on_evaluate(self, *_: Any, metrics: dict[str, float], **__: Any) -> None:
        self._peer.record(metrics["eval_accuracy"], part="all", train_seconds=self._train_seconds)


def photos(peer: Peer, split: str, change: Compose) -> Dataset:
    """Return a split as a data set that decodes and changes its photos when they are read."""
    paths, labels = peer.photos(split)
    data = Dataset.from_dict({"image": paths, "labels": labels}).cast_column("image", Image())

    def changed(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {
            "pixel_values": [change(photo.convert("RGB")) for photo in batch["image"]],
            "labels": batch["labels"],
        }

    data.set_transform(changed)
    return data


def collate(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Return a batch."""
    return {
        "pixel_values": torch.stack([example["pixel_values"] for example in examples]),
        "labels": torch.tensor([example["labels"] for example in examples]),
    }


def main() -> None:
    """Train everything."""
    peer = Peer(epochs=5)
    last = [ToTensor(), Normalize(peer.mean, STD)]
    train = photos(peer, "train", Compose([RandomResizedCrop(SIZE), RandomHorizontalFlip(), *last]))
    validation = photos(peer, "val", Compose([Resize(SIZE), CenterCrop(SIZE), *last]))
    model = ResNetForImageClassification.from_pretrained(
        peer.weights / "hugging_face", num_labels=len(peer.classes), ignore_mismatched_sizes=True
    )
    arguments = TrainingArguments(
        output_dir=str(peer.work / "checkpoints"),
        remove_unused_columns=False,
        learning_rate=2e-5,
        num_train_epochs=peer.options.epochs,
        per_device_train_batch_size=8,
        per_device_eval_batch_size=8,
        logging_steps=10,
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        save_total_limit=3,
        seed=peer.seed,
        report_to="none",
        disable_tqdm=True,
    )
    Trainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=validation,
        data_collator=collate,
        compute_metrics=lambda p: {"accuracy": float(np.mean(np.argmax(p.predictions, 1) == p.label_ids))},
        callbacks=[Log(peer)],
    ).train()


if __name__ == "__main__":
    main()
