"""What a page carries besides its scripts: the head, the decision, known vectors and sample photos, ready for JSON."""

import base64
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.data.pictures.decoding import decode, make_thumbnail
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.source import Source
from core.export.web_page.int8_network import PageNetwork
from core.inspection.deciding.foreign_score import ForeignScore
from core.models.bundle import BundleInfo
from core.models.decision import Decision
from core.training.linear.linear_head import LinearHead
from core.training.linear.logistic import DEFAULT_STRENGTH

_SAMPLE_SIDE = 640


@dataclass(frozen=True)
class Part:
    """A piece of data that the page unpacks: its name, and its content before it is compressed."""

    name: str
    content: bytes

    def encoded(self) -> str:
        """Return the content as base64 of gzip; the same content gives the same text."""
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file:
            file.write(self.content)
        return base64.b64encode(packed.getvalue()).decode("ascii")


@dataclass(frozen=True)
class Sample:
    """A photo that goes with the page."""

    name: str
    jpeg: bytes


@dataclass(frozen=True)
class PageContents:
    """Everything that is particular to one model's page."""

    title: str
    info: BundleInfo
    trunk: str
    """The digest of the weights without the head; a head that was learned on the page names it."""
    network: PageNetwork
    head: LinearHead
    foreign: ForeignScore | None = None
    known: np.ndarray | None = None
    """The vectors of training photos, float32 [n, width], and their class numbers."""
    known_labels: tuple[int, ...] = ()
    samples: tuple[Sample, ...] = field(default=())

    def settings(self) -> dict[str, Any]:
        """Return what the page's scripts need to know, as JSON; class names and titles are still untrusted text."""
        seen = Preprocessing.model_validate(self.info.preprocessing)
        channels, rows, columns = self.network.size
        return {
            "title": self.title,
            "arch": self.info.arch,
            "trunk": self.trunk,
            "classes": list(self.info.classes),
            "seen": {"mode": seen.mode, "size": seen.size, "resize": seen.resize, "mean": list(seen.mean)},
            "network": {
                "outputs": list(self.network.outputs),
                "lower": list(self.network.lower),
                "boxes": self.network.boxes,
                "channels": channels,
                "rows": rows,
                "columns": columns,
            },
            "width": self.head.weight.shape[1],
            "decision": _decision(self.info.decision, self.info.classes, self.foreign),
            "strength": DEFAULT_STRENGTH,
            "known": list(self.known_labels),
            "samples": [one.name for one in self.samples],
        }

    def parts(self) -> list[Part]:
        """Return the large pieces of data."""
        numbers = np.concatenate([self.head.weight.ravel(), self.head.bias]).astype("<f4")
        found = [Part("model", self.network.model), Part("head", numbers.tobytes())]
        if self.foreign is not None:
            found.append(Part("foreign", self.foreign.vectors.astype("<f2").tobytes()))
        if self.known is not None and len(self.known):
            found.append(Part("known", self.known.astype("<f2").tobytes()))
        found += [Part(f"sample-{number}", one.jpeg) for number, one in enumerate(self.samples)]
        return found


def _decision(decision: Decision | None, classes: Sequence[str], foreign: ForeignScore | None) -> dict[str, Any]:
    decision = decision or Decision()
    rule = decision.threshold
    near = decision.foreign if foreign is not None else None
    return {
        "scale": decision.scale,
        "temperature": decision.temperature,
        "leaveBelow": decision.leave_below,
        "threshold": None if rule is None else {"index": list(classes).index(rule.class_name), "at": rule.at},
        "setLimit": decision.conformal.get(decision.set_level),
        "setLevel": decision.set_level,
        "foreign": None if near is None else {"neighbours": near.neighbours, "limit": near.limit},
    }


def sample_of(source: Source, label: str = "") -> Sample:
    """Return a small copy of a photo for the page, without the file's name or metadata. Raises ImageRefused."""
    return Sample(label, make_thumbnail(decode(source.path, source.name).image, _SAMPLE_SIDE))
