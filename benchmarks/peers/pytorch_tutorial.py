"""PyTorch's transfer-learning tutorial: a fixed feature extractor, or fine-tuning of the whole network.

https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html: SGD 0.001 with momentum 0.9, a tenth of it
every 7 epochs, batches of 4, 25 epochs, the best model by validation is saved. ``--part layer4`` is the same loop with
only the last stage and the head trainable, as a reference for epochs of that kind; the tutorial has no such part.
"""

import time

import torch
from peer import SIZE, STD, Peer, resnet50_v1
from PIL import Image
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Photos(Dataset):
    """Photos with class numbers, read as ImageFolder does."""

    def __init__(self, paths: list[str], labels: list[int], transform: transforms.Compose) -> None:
        self.paths, self.labels, self.transform = paths, labels, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.open(self.paths[index]).convert("RGB")), self.labels[index]


def main() -> None:
    """Train and log each epoch."""
    peer = Peer(part="fixed", epochs=25)
    torch.manual_seed(peer.seed)
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    last = [transforms.ToTensor(), transforms.Normalize(peer.mean, STD)]
    changes = {
        "train": transforms.Compose([transforms.RandomResizedCrop(SIZE), transforms.RandomHorizontalFlip(), *last]),
        "val": transforms.Compose([transforms.Resize(256), transforms.CenterCrop(SIZE), *last]),
    }
    loaders = {
        split: DataLoader(Photos(*peer.photos(split), change), batch_size=4, shuffle=split == "train", num_workers=4)
        for split, change in changes.items()
    }

    part = peer.options.part
    model = resnet50_v1(peer.weights)
    if part != "full":
        model.requires_grad_(False)
    if part == "layer4":
        model.layer4.requires_grad_(True)
    model.fc = nn.Linear(model.fc.in_features, len(peer.classes))
    model = model.to(device)
    criterion = nn.CrossEntropyLoss()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.001, momentum=0.9)
    scheduler = StepLR(optimizer, step_size=7, gamma=0.1)

    best = -1.0
    for _ in range(peer.options.epochs):
        began = time.perf_counter()
        model.train()
        for inputs, labels in loaders["train"]:
            optimizer.zero_grad()
            loss = criterion(model(inputs.to(device)), labels.to(device))
            loss.backward()
            optimizer.step()
        scheduler.step()
        train_seconds = time.perf_counter() - began
        model.eval()
        correct = 0
        with torch.no_grad():
            for inputs, labels in loaders["val"]:
                correct += int((model(inputs.to(device)).argmax(1) == labels.to(device)).sum())
        accuracy = correct / len(loaders["val"].dataset)
        if accuracy > best:
            best = accuracy
            torch.save(model.state_dict(), peer.work / "best.pt")
        peer.record(accuracy, part={"fixed": "head", "full": "all"}.get(part, part), train_seconds=train_seconds)


if __name__ == "__main__":
    main()
