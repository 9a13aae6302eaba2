"""Keras 3's guide to transfer learning, on ResNet50 and the torch backend: first a new top, then everything at 1e-5.

https://keras.io/guides/transfer_learning: photos resized and augmented once, then kept in memory; batches of 64, Adam,
dropout 0.2, the base in inference mode throughout. 2 epochs of the top as in the guide's code, then 10 of everything,
as in its text. Its Xception at 150 pixels is ResNet50 at 224 here, with that network's own preprocess_input.
"""

import os
import time
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from keras import layers
from peer import SIZE, Peer


class Log(keras.callbacks.Callback):
    """Logs each epoch; validation is part of the guide's fit."""

    def __init__(self, peer: Peer, part: str) -> None:
        super().__init__()
        self._peer, self._part = peer, part
        self._began = self._train_seconds = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.perf_counter()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._train_seconds = time.perf_counter() - self._began

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        accuracy = (logs or {})["val_sparse_categorical_accuracy"]
        self._peer.record(accuracy, part=self._part, train_seconds=self._train_seconds)


def photos(peer: Peer, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a split in memory, float32 [N, 224, 224, 3] from 0 to 255."""
    paths, labels = peer.photos(split)
    resize = layers.Resizing(SIZE, SIZE)
    pixels = np.empty((len(paths), SIZE, SIZE, 3), np.float32)
    for row, path in zip(pixels, paths, strict=True):
        photo = keras.utils.img_to_array(keras.utils.load_img(path))
        row[:] = keras.ops.convert_to_numpy(resize(photo))
    return pixels, np.array(labels)


def main() -> None:
    """Train the top, then everything."""
    peer = Peer(epochs=2, tuning_epochs=10)
    keras.utils.set_random_seed(peer.seed)
    train, validation = photos(peer, "train"), photos(peer, "val")
    change = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)]
    for start in range(0, len(train[0]), 64):
        batch = train[0][start : start + 64]
        for layer in change:
            batch = layer(batch, training=True)
        train[0][start : start + 64] = keras.ops.convert_to_numpy(batch)

    base = keras.applications.ResNet50(
        weights=str(peer.weights / "keras.weights.h5"), include_top=False, input_shape=(SIZE, SIZE, 3)
    )
    base.trainable = False
    inputs = keras.Input(shape=(SIZE, SIZE, 3))
    x = keras.applications.resnet.preprocess_input(inputs)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    model = keras.Model(inputs, layers.Dense(len(peer.classes))(x))

    for part, rate, epochs in (("head", 1e-3, peer.options.epochs), ("all", 1e-5, peer.options.tuning_epochs)):
        base.trainable = part == "all"
        model.compile(
            optimizer=keras.optimizers.Adam(rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy()],
        )
        model.fit(
            *train, batch_size=64, epochs=epochs, validation_data=validation, callbacks=[Log(peer, part)], verbose=0
        )


if __name__ == "__main__":
    main()
