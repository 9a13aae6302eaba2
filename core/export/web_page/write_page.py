"""Writes a model as a web page: a folder that runs from any web server or from a USB stick, and a single file."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.source import Source
from core.errors import BundleError, ImageRefused, RunError
from core.export.bundle_zip import bundle_of, run_of
from core.export.web_page.agreement import Agreement, agreement
from core.export.web_page.contents import PageContents, Sample, sample_of
from core.export.web_page.figures import how_good, what_it_is
from core.export.web_page.int8_network import NativeNetwork, int8_network
from core.export.web_page.page_files import PageTexts, write_files
from core.export.web_page.photos import LEAST_CALIBRATION, PagePhotos, ViewReader, page_photos
from core.export.web_page.runtime import PACKAGE, fetched_runtime
from core.inspection.deciding.foreign_score import score_in
from core.inspection.predicting.averaged_views import views_of_recipe
from core.inspection.predicting.loading import bundle_with_vectors
from core.inspection.predicting.predictor import IMAGENET, imagenet_network
from core.models.bundle import WEIGHTS_FILE, BundleInfo, complete_folder
from core.models.zoo import config_of
from core.progress import Progress
from core.runs.folder import RunFolder
from core.storage_errors import storage_error
from core.training.linear.linear_head import LinearHead
from core.workspace import SAMPLE_IMAGES, Workspace

if TYPE_CHECKING:
    from core.models.resnet import ResNet

PageProgress = Callable[[Progress], None]
MOST_SAMPLES = 12
# Public domain or CC0: see sample_images/photos/credits.csv.
_FREE_SAMPLES = ("cat_chelsea", "coffee_cup", "rocket")


@dataclass(frozen=True)
class PageOptions:
    """What a person chooses about a page."""

    title: str | None = None
    samples: int = 0
    """How many validation photos go with the page, where everyone can see them."""
    vectors: bool = True
    """Whether features of training photos go with it, so that it can learn new classes beside those it knows."""
    package: Path | None = None
    """The package of onnxruntime-web, where this machine has no internet."""


@dataclass(frozen=True)
class MadePage:
    """A page that was written."""

    folder: Path
    single: Path | None
    """The page in one file; None if it would be too large."""
    agreement: Agreement | None
    remarks: tuple[str, ...]


def write_page(
    source: Path | str,
    out: Path,
    workspace: Workspace,
    options: PageOptions | None = None,
    progress: PageProgress | None = None,
) -> MadePage:
    """Write the page of a run, a bundle or ``"imagenet"`` to the new folder ``out``; it appears complete.

    Raises BundleError, RunError, ModelError (onnxruntime-web is neither on the disk nor to be had), StorageError.
    """
    chosen, report = options or PageOptions(), progress or (lambda _: None)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out} is not empty. Choose a new folder for the page.")
    runtime = fetched_runtime(
        lambda what, done, total: report(Progress(f"downloading {PACKAGE}", done, total)), chosen.package
    )
    report(Progress("loading the model", 0, None))
    folder = None if str(source) == IMAGENET else bundle_of(Path(source))
    network, info, near = bundle_with_vectors(folder) if folder else (*imagenet_network(), None)
    path = run_of(folder) if folder else None
    info, run = info.public(), RunFolder(path) if path else None
    contents, texts, found, remarks = _contents(network, info, near, folder, run, workspace, chosen, report)
    report(Progress("writing the page", 0, None))
    try:
        out.resolve().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.resolve().parent, prefix=".page-") as temporary:
            made = Path(temporary) / "page"
            made.mkdir()
            single = write_files(made, contents, texts, runtime)
            if out.is_dir():
                out.rmdir()
            shutil.move(made, out)
    except OSError as error:
        if known := storage_error(error, "the page could not be written"):
            raise known from error
        raise
    return MadePage(out, out / single.name if single else None, found, tuple(remarks))


def _contents(
    network: "ResNet",
    info: BundleInfo,
    near: bytes | None,
    folder: Path | None,
    run: RunFolder | None,
    workspace: Workspace,
    options: PageOptions,
    report: PageProgress,
) -> tuple[PageContents, PageTexts, Agreement | None, list[str]]:
    state = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
    seen = Preprocessing.model_validate(info.preprocessing)
    report(Progress("reading photos", 0, None))
    photos, reader = page_photos(run, info.classes, seen, workspace)
    if not photos.own and seen.size != photos.calibration.shape[1]:
        raise BundleError("The sample images of this program are missing, so the page cannot be calibrated.")
    report(Progress("converting to 8 bits", 0, None))
    small = int8_network(config_of(info.arch), state, photos.calibration, seen.mean, seen.std)
    native = NativeNetwork(small)
    head = LinearHead(state["fc.weight"].astype(np.float32), state["fc.bias"].astype(np.float32))
    scale = info.decision.scale if info.decision else 1.0
    tested = len(photos.tested)
    found = agreement(
        native, head, photos, reader, scale, lambda done: report(Progress("comparing with the studio", done, tested))
    )
    known, labels = _known(native, photos, reader, report) if options.vectors else (None, ())
    contents = PageContents(
        title=options.title or _title(info, folder, run),
        info=info,
        trunk=trunk_of(folder, state),
        network=small,
        head=head,
        foreign=score_in(near, folder, info) if folder else None,
        known=known,
        known_labels=labels,
        samples=_samples(photos, info, folder, options.samples),
    )
    remarks = _remarks(info, photos, found)
    about = [
        *remarks,
        *([f"The features of {len(labels):,} training photos are inside, not the photos."] if labels else []),
        f"The network sees {seen.size} x {seen.size} pixels and computes in 8 bits with {PACKAGE} (MIT licence).",
        f"Starting weights: {info.weights.get('source', 'unknown')}; licence: "
        f"{info.weights.get('licence', 'not recorded')}.",
        "The model names one of its classes for every photo, also for one that shows none of them.",
    ]
    return contents, PageTexts(what_it_is(info), how_good(run, workspace), about), found, remarks


def _remarks(info: BundleInfo, photos: PagePhotos, found: Agreement | None) -> list[str]:
    """Return what a person should know about this page, as sentences."""
    remarks = [
        found.sentence if found else "The page was not compared with the studio: there are no validation photos."
    ]
    if not photos.own:
        least = f"fewer than {LEAST_CALIBRATION}" if photos.learned else "no"
        remarks.append(f"Its 8 bits were calibrated on sample images, because there are {least} training photos.")
    views = views_of_recipe(info.recipe)
    if views > 1:
        remarks.append(f"The studio averages {views} views of a photo; the page looks once.")
    return remarks


def _known(
    native: NativeNetwork, photos: PagePhotos, reader: ViewReader, report: PageProgress
) -> tuple[np.ndarray | None, tuple[int, ...]]:
    """Return the vectors of the learned photos and their class numbers."""
    if not photos.learned:
        return None, ()
    found, labels = list[np.ndarray](), list[int]()
    total = len(photos.learned)
    for pixels, places in reader.batches(
        photos.learned, lambda done: report(Progress("computing features", done, total))
    ):
        found += native.vectors([pixels])
        labels += [photos.labels[place] for place in places]
    return np.concatenate(found) if found else None, tuple(labels)


def _samples(photos: PagePhotos, info: BundleInfo, folder: Path | None, wanted: int) -> tuple[Sample, ...]:
    """Return sample photos: validation photos that a person asked for, or free pictures for the ImageNet network."""
    if folder is None:
        files = [SAMPLE_IMAGES / "photos" / f"{name}.jpg" for name in _FREE_SAMPLES]
        return tuple(
            sample_of(Source(path.stem, path, path.name), path.stem.replace("_", " "))
            for path in files
            if path.exists()
        )
    found: list[Sample] = []
    if photos.tested_labels is None:
        return ()
    by_class = sorted(range(len(photos.tested)), key=lambda row: (_turn(photos.tested_labels, row), row))
    for row in by_class:
        if len(found) >= min(wanted, MOST_SAMPLES):
            break
        try:
            found.append(sample_of(photos.tested[row], info.classes[photos.tested_labels[row]]))
        except ImageRefused:
            continue
    return tuple(found)


def _turn(labels: "np.ndarray | None", row: int) -> int:
    """Return how many photos of the same class come before."""
    return 0 if labels is None else int((labels[:row] == labels[row]).sum())


def trunk_of(folder: Path | None, state: dict[str, np.ndarray]) -> str:
    """Return the digest of the weights without the head."""
    from core.features.trunk_digest import trunk_digest

    found = trunk_digest(complete_folder(folder) / WEIGHTS_FILE) if folder else None
    if found is None:
        from safetensors.numpy import save

        with TemporaryDirectory() as temporary:
            path = Path(temporary) / WEIGHTS_FILE
            path.write_bytes(save({name: np.ascontiguousarray(value) for name, value in state.items()}))
            found = trunk_digest(path)
    assert found is not None
    return found


def _title(info: BundleInfo, folder: Path | None, run: RunFolder | None) -> str:
    if run is not None:
        return run.status().title or run.id
    return folder.resolve().name if folder else info.arch
