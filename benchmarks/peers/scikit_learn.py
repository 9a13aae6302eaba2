"""What a clever user writes by hand: torchvision's features once, then scikit-learn's logistic regression."""

import time

import torch
from peer import SIZE, STD, Peer, resnet50_v1
from PIL import Image
from sklearn.linear_model import LogisticRegression
from torchvision import transforms


def main() -> None:
    """Compute the features of both splits, fit and score."""
    peer = Peer()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    change = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(SIZE),
            transforms.ToTensor(),
            transforms.Normalize(peer.mean, STD),
        ]
    )
    model = resnet50_v1(peer.weights).to(device).eval()
    model.fc = torch.nn.Identity()

    @torch.inference_mode()
    def features(paths: list[str]) -> torch.Tensor:
        found = []
        for start in range(0, len(paths), 32):
            batch = [change(Image.open(path).convert("RGB")) for path in paths[start : start + 32]]
            found.append(model(torch.stack(batch).to(device)).cpu())
        return torch.cat(found)

    paths, labels = peer.photos("train")
    began = time.perf_counter()
    classifier = LogisticRegression(max_iter=1000).fit(features(paths), labels)
    train_seconds = time.perf_counter() - began
    paths, labels = peer.photos("val")
    peer.record(classifier.score(features(paths), labels), part="head", train_seconds=train_seconds)


if __name__ == "__main__":
    main()
