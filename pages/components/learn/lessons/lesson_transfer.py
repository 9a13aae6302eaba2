"""Lesson: what transfer buys: from scratch, frozen and fine-tuned on the same photos, and again with few of them."""

from functools import partial

import pandas as pd
import streamlit as st

from core.data.snapshot import Snapshot, snapshot_of_project
from core.lessons import transfer
from core.lessons.birds import birds
from core.lessons.result_cache import Computing, ExperimentArguments, cached
from core.models.weights_table import WeightsEntry, available
from pages.components.learn import lesson_frame
from pages.components.learn.lessons.transfer_charts import NAMES, curves, differences, learning_curve
from pages.components.shared import frame
from pages.components.shared.charts import Ink
from pages.components.shared.wording import counted, plain

STATIC = {"displayModeBar": False}
NETWORKS = {"resnet18": "ResNet-18", "resnet50": "ResNet-50"}
AGAINST = {"epoch": "epochs", "seconds": "seconds"}
# Seconds on one of two quiet cores: of learning from a photo with all layers, with the head alone, of checking on a
# photo, and of saving an epoch; and how many times as many ResNet-50 needs.
_ALL, _HEAD, _CHECK, _SAVE = 0.016, 0.004, 0.005, 0.15
_TIMES = {"resnet18": 1.0, "resnet50": 2.5}


def show(colors: Ink) -> None:
    st.markdown(
        "Three ways to train the same network. *From scratch*: all layers begin with random numbers. *Frozen*: the "
        "layers come from a network that has learned ImageNet's million photos, and only a new last layer learns. "
        "*Fine-tuned*: they come from there too, and all of them learn on. Photos, seed and epochs are the same."
    )
    entry = available("resnet18") or available("resnet50")
    if entry is None:
        st.info(
            "There are no ImageNet weights on this computer yet, and without them there is nothing to transfer. Fetch "
            "them on the home page, or on the command line with `python -m core weights --arch resnet18`.",
            icon=":material/cloud_download:",
        )
        frame.link("Home", "To the home page")
        return
    _trainings(entry, colors)


@frame.fragment()
def _trainings(entry: WeightsEntry, colors: Ink) -> None:
    snapshot, whose = _photos()
    sizes = transfer.sizes_of(snapshot)
    if not sizes:
        st.info(
            f"{whose} cannot be used here. This lesson needs two classes or more, {transfer.SIZES[0]} training photos "
            f"of each, not more than {transfer.MOST_PHOTOS} of these in all, and some validation photos.",
            icon=":material/photo_library:",
        )
        return
    *fewer, most = sizes
    names = {size: transfer.size_name(snapshot, size) for size in sizes}
    few = parts_of(snapshot, entry, fewer)
    there = [table for part in few if (table := cached(frame.workspace(), "transfer-few", part.arguments)) is not None]
    with st.container(horizontal=True):
        against = st.segmented_control(
            "Against",
            list(AGAINST),
            default="epoch",
            required=True,
            format_func=AGAINST.__getitem__,
            key="transfer-against",
            help="The same number of epochs takes much longer where all layers learn.",
        )
        size = most
        if len(there) == len(few) > 0:
            size = st.segmented_control(
                "Photos of each class",
                sizes,
                default=most,
                required=True,
                format_func=names.__getitem__,
                key="transfer-size",
            )

    def draw(runs: pd.DataFrame) -> None:
        runs = pd.concat([runs, *there], ignore_index=True)
        _draw_ways(runs[runs["size"] == size], entry, str(against), colors)

    runs = lesson_frame.experiment(
        "transfer",
        parts_of(snapshot, entry, [most]),
        button=lambda left: f"Train {counted(left, 'network')}",
        promise=_promise(snapshot, entry, [most]),
        draw=draw,
    )
    if runs is None:
        return
    _question(runs)
    st.markdown("#### And with fewer photos")
    if fewer:
        lesson_frame.experiment(
            "transfer-few",
            few,
            button="Train {} more".format,
            promise=_promise(snapshot, entry, fewer),
            draw=partial(_draw_sizes, runs=runs, names=names, colors=colors),
        )
    st.caption(left_out(snapshot, sizes))
    lesson_frame.download(pd.concat([*there, runs], ignore_index=True), "transfer")


def left_out(snapshot: Snapshot, sizes: list[int]) -> str:
    """Which numbers of photos are not in the learning curve, and why; empty where all of them are."""
    counts = snapshot.counts()["train"]
    lacking = [str(size) for size in transfer.SIZES if size not in sizes and size > counts.min()]
    slow = [str(size) for size in transfer.SIZES if size not in sizes and size <= counts.min()]
    told = []
    if lacking:
        told.append(
            f"{' and '.join(lacking)} photos of each class are left out: the smallest class has {counts.min()} "
            f"training photos, the largest {counts.max()}. Where a project of yours has more, open it and choose it at "
            "the top; packed images (`.h5`, `.npz`), added on the Data page, often have hundreds of each class."
        )
    if slow:
        told.append(
            f"{' and '.join(slow)} photos of each class are left out: these are more than {transfer.MOST_PHOTOS} in "
            "all, which takes too long here."
        )
    return " ".join(told)


def _photos() -> tuple[Snapshot, str]:
    """The sample birds, or the project in hand where the visitor wants that; and how they are called."""
    project = frame.project()
    if project is not None and project.task == "classification":
        chosen = st.segmented_control(
            "Photos",
            ["sample", "project"],
            default="sample",
            required=True,
            format_func=lambda one: "Sample birds" if one == "sample" else plain(project.name),
            key="transfer-photos",
        )
        if chosen == "project":
            return snapshot_of_project(frame.store(), project.id), plain(project.name)
    return birds(transfer.SIZES[-1]), "The sample set"


def parts_of(snapshot: Snapshot, entry: WeightsEntry, sizes: list[int]) -> list[lesson_frame.Part]:
    """The three ways with each of these numbers of photos."""
    cache = frame.workspace().cache / "resized"

    def part(size: int, arm: str) -> lesson_frame.Part:
        def compute() -> Computing:
            # `needs`, so that the network from scratch has the very form of the pretrained one.
            return transfer.training(snapshot, arm, entry.needs, size, 0, cache)

        arguments: ExperimentArguments = {
            "version": transfer.VERSION, "photos": snapshot.digest, "weights": entry.key, "arm": arm, "size": size,
        }  # fmt: skip
        return lesson_frame.Part(arguments, compute)

    return [part(size, arm) for size in sizes for arm in transfer.ARMS]


def _promise(snapshot: Snapshot, entry: WeightsEntry, sizes: list[int]) -> str:
    counts, seconds = snapshot.counts(), 0.0
    checked = min(int(counts["val"].sum()), transfer.MOST_HELD_OUT)
    for size in sizes:
        photos = int(counts["train"].clip(upper=size).sum())
        epochs = transfer.recipe_of("frozen", entry.needs, photos, 0).epochs
        seconds += epochs * (photos * (2 * _ALL + _HEAD) + len(transfer.ARMS) * (checked * _CHECK + _SAVE))
    seconds *= _TIMES[entry.arch]
    held = f"{10 * max(1, round(seconds / 10))} seconds" if seconds < 115 else f"{seconds / 60:.0f} minutes"
    return f"{NETWORKS[entry.arch]} at {transfer.SIDE} pixels, about {held} on two quiet cores."


def _draw_ways(runs: pd.DataFrame, entry: WeightsEntry, against: str, colors: Ink) -> None:
    """The curves and the differences of the runs with one number of photos, and their figures."""
    ends = transfer.at_the_end(runs)
    compared = transfer.pairs(runs)
    with st.grid(2, min_column_width=320):
        # A figure that did not change since the last part would be taken for a double.
        st.plotly_chart(
            curves(runs, against, colors),
            key=f"transfer-curves-{len(ends)}",
            config=STATIC,
            alt="Accuracy on the held-out photos while learning, a line for each way",
        )
        if compared:
            st.plotly_chart(
                differences(compared, colors),
                key=f"transfer-differences-{len(ends)}",
                config=STATIC,
                alt="Differences in accuracy between the ways with 95% intervals",
            )
    st.dataframe(figures(ends), hide_index=True, height="content")
    if compared:
        st.markdown("\n".join(f"- {said(pair)}" for pair in compared))
        held_out = int(ends["val_n"].iloc[0])
        st.caption(
            f"{NETWORKS[entry.arch]} at {transfer.SIDE} pixels. {held_out} photos are held out: no network has learned "
            "from them, and nothing was chosen by them, as the last epoch counts and not the best. The interval is of "
            "the difference photo by photo (Bonett and Price), p of McNemar's exact test."
        )


def _draw_sizes(few: pd.DataFrame, runs: pd.DataFrame, names: dict[int, str], colors: Ink) -> None:
    ends = transfer.at_the_end(pd.concat([few, runs], ignore_index=True))
    st.plotly_chart(
        learning_curve(ends, names, colors),
        key=f"transfer-sizes-{len(ends)}",
        config=STATIC,
        alt="Accuracy on the held-out photos by number of training photos, a line for each way",
    )


def figures(ends: pd.DataFrame) -> pd.DataFrame:
    """A row a way: what it trained, how long, and how often it was right in the end."""
    return pd.DataFrame(
        {
            "way": [NAMES[arm] for arm in ends["arm"]],
            "parameters trained": [f"{count:,}" for count in ends["trained"]],
            "training photos": ends["photos"],
            "epochs": ends["epochs"],
            "seconds of learning": [f"{seconds:.1f}" for seconds in ends["seconds"]],
            "right on training photos": [f"{share:.0%}" for share in ends["train_accuracy"]],
            "right on held-out photos": [
                f"{share:.0%} ({correct} of {n})"
                for share, correct, n in zip(ends["val_accuracy"], ends["correct"], ends["val_n"], strict=True)
            ],
        }
    )


def said(pair: transfer.TrainedPair) -> str:
    """The paired test of two ways in words."""
    first, second, found = NAMES[pair.first], NAMES[pair.second], pair.compared
    chance = "chance alone would seldom do this" if found.p_value < 0.05 else "this may well be chance"
    p = f"p = {found.p_value:.2g}" if found.p_value >= 0.001 else "p < 0.001"
    return (
        f"**{second.capitalize()} less {first}**: {_points(found.difference)} points (95% interval "
        f"{_points(found.low)} to {_points(found.high)}). {counted(found.only_b_right, 'photo')} only {second} has "
        f"right, {found.only_a_right} only {first}: {chance} ({p})."
    )


def _points(difference: float) -> str:
    """A difference in points with its sign, and the minus sign that numbers have."""
    return f"{100 * difference:+.0f}".replace("-", "\N{MINUS SIGN}")


def _question(runs: pd.DataFrame) -> None:
    clear = [pair for pair in transfer.pairs(runs) if pair.clear]
    told = [f"{NAMES[one.second]} less {NAMES[one.first]} ({_points(one.compared.difference)})" for one in clear]
    lesson_frame.question(
        "transfer",
        "Learning from the most photos, for how many of the three differences is the whole interval clear of zero?",
        ["None", "One", "Two", "All three"],
        len(clear),
        (f"These: {', '.join(told)} points. " if told else "")
        + "Where an interval holds zero, these photos are too few to say which way is better, whatever the two "
        "percentages are.",
    )
