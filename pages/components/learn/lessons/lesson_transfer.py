"""Lesson on transfer learning: from scratch, frozen and fine-tuned on the same photos, then on fewer photos."""

from functools import partial

import pandas as pd
import streamlit as st

from core.data.snapshot import Snapshot, snapshot_of_project
from core.lessons import transfer
from core.lessons.experiments import Inputs, snapshot_input
from core.lessons.result_cache import ExperimentArguments, cached_or_shipped
from core.lessons.sample_birds import bird_snapshot
from core.models.weights_table import WeightsEntry, available
from core.models.zoo import network_name
from pages.components.glossary.terms import explained
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_question import question
from pages.components.learn.lessons.transfer_charts import NAMES, curves, differences, learning_curve
from pages.components.learn.level_text import at_level
from pages.components.learn.texts import transfer as texts
from pages.components.shared import frame
from pages.components.shared.charts import Palette
from pages.components.shared.wording import counted, plain

STATIC = {"displayModeBar": False}
NO_WEIGHTS = (
    "To compute it yourself, this computer needs ImageNet weights. Download them on the home page, or on the command "
    "line with `python -m core weights --arch resnet18`."
)
NETWORKS = {"resnet18": "ResNet-18", "resnet50": "ResNet-50"}
AGAINST = {"epoch": "epochs", "seconds": "seconds"}
# Seconds on one of two idle cores to train all layers on a photo, to train the head on a photo, to evaluate a photo,
# and to save an epoch; ResNet-50 takes this many times as long.
_ALL, _HEAD, _EVALUATE, _SAVE = 0.016, 0.004, 0.005, 0.15
_SLOWDOWN = {"resnet18": 1.0, "resnet50": 2.5}


def show(colors: Palette) -> None:
    st.markdown(at_level(texts.INTRODUCTION), help=explained("head", "fine-tuning", "frozen layers"))
    entry = available("resnet18") or available("resnet50")
    if entry is None:
        frame.link("Home", "Download weights on the home page")
    _trainings(entry, colors)


@frame.fragment()
def _trainings(entry: WeightsEntry | None, colors: Palette) -> None:
    snapshot, whose = _photos()
    sizes = transfer.training_sizes(snapshot)
    if not sizes:
        st.info(
            f"{whose} cannot be used here. This lesson needs two or more classes, {transfer.SIZES[0]} training photos "
            f"per class, at most {transfer.MAX_PHOTOS} training photos in total, and some validation photos.",
            icon=":material/photo_library:",
        )
        return
    *fewer, most = sizes
    names = {size: transfer.size_label(snapshot, size) for size in sizes}
    few = experiment_parts(snapshot, entry, fewer)
    found = [cached_or_shipped(frame.workspace(), "transfer-few", part.arguments) for part in few]
    computed = [one[0] for one in found if one is not None]
    unavailable = "" if entry else NO_WEIGHTS
    with st.container(horizontal=True):
        against = st.segmented_control(
            "Horizontal axis",
            list(AGAINST),
            default="epoch",
            required=True,
            format_func=lambda one: AGAINST[one].capitalize(),
            key="transfer-against",
            help="The same number of epochs takes much longer if all layers are trained.",
        )
        size = most
        if len(computed) == len(few) > 0:
            size = st.segmented_control(
                "Photos per class",
                sizes,
                default=most,
                required=True,
                format_func=names.__getitem__,
                key="transfer-size",
            )

    def draw(runs: pd.DataFrame) -> None:
        same = [table for table in computed if table["arch"].iloc[0] == runs["arch"].iloc[0]]
        runs = pd.concat([runs, *same], ignore_index=True)
        _draw_arms(runs[runs["size"] == size], names[size], str(against), colors)

    runs = lesson_frame.experiment(
        "transfer",
        experiment_parts(snapshot, entry, [most]),
        button=lambda left: f"Train {counted(left, 'network')}",
        caption=_experiment_caption(snapshot, entry, [most]),
        draw=draw,
        unavailable=unavailable,
    )
    if runs is None:
        return
    _question(runs)
    st.markdown("### With fewer photos")
    if fewer:
        lesson_frame.experiment(
            "transfer-few",
            few,
            button="Train {} more".format,
            caption=_experiment_caption(snapshot, entry, fewer),
            draw=partial(_draw_sizes, runs=runs, names=names, colors=colors),
            unavailable=unavailable,
        )
    st.caption(left_out(snapshot, sizes))
    lesson_frame.download(pd.concat([*computed, runs], ignore_index=True), "transfer")


def left_out(snapshot: Snapshot, sizes: list[int]) -> str:
    """Say which numbers of photos are missing from the learning curve, and why; empty if none is."""
    counts = snapshot.counts()["train"]
    lacking = [str(size) for size in transfer.SIZES if size not in sizes and size > counts.min()]
    slow = [str(size) for size in transfer.SIZES if size not in sizes and size <= counts.min()]
    reasons = []
    if lacking:
        reasons.append(
            f"{' and '.join(lacking)} photos per class are left out: the smallest class has {counts.min()} training "
            f"photos, the largest {counts.max()}. If one of your projects has more, open it and choose it at the top. "
            "Packed images (`.h5`, `.npz`), added on the Data page, often have hundreds per class."
        )
    if slow:
        reasons.append(
            f"{' and '.join(slow)} photos per class are left out: more than {transfer.MAX_PHOTOS} photos in total "
            "take too long here."
        )
    return " ".join(reasons)


def _photos() -> tuple[Snapshot, str]:
    """Return the sample birds or, if chosen, the open project; and their name."""
    project = frame.project()
    if project is not None and project.task == "classification":
        chosen = st.segmented_control(
            "Photos",
            ["sample", "project"],
            default="sample",
            required=True,
            format_func=lambda one: "Sample birds" if one == "sample" else f"Project: {plain(project.name)}",
            key="transfer-photos",
        )
        if chosen == "project":
            return snapshot_of_project(frame.store(), project.id), plain(project.name)
    return bird_snapshot(transfer.SIZES[-1]), "The set of sample birds"


def experiment_parts(
    snapshot: Snapshot, entry: WeightsEntry | None, sizes: list[int]
) -> list[lesson_frame.ExperimentPart]:
    """Return the three arms for each of these numbers of photos; without weights they cannot be computed."""

    def inputs() -> Inputs:
        assert entry is not None, "the button is not there without weights"
        # `needs`, so that the network from scratch has the same architecture as the pretrained one.
        return {"arch": entry.needs, **snapshot_input(snapshot)}

    def part(size: int, arm: str) -> lesson_frame.ExperimentPart:
        arguments: ExperimentArguments = {
            "version": transfer.VERSION,
            "photos": snapshot.digest,
            "weights": entry.key if entry else "",
            "arm": arm,
            "size": size,
        }
        return lesson_frame.ExperimentPart(arguments, inputs)

    return [part(size, arm) for size in sizes for arm in transfer.ARMS]


def _experiment_caption(snapshot: Snapshot, entry: WeightsEntry | None, sizes: list[int]) -> str:
    if entry is None:
        return ""
    counts, seconds = snapshot.counts(), 0.0
    validated = min(int(counts["val"].sum()), transfer.MAX_HELD_OUT)
    for size in sizes:
        photos = int(counts["train"].clip(upper=size).sum())
        epochs = transfer.recipe_for("frozen", entry.needs, photos, 0).epochs
        seconds += epochs * (photos * (2 * _ALL + _HEAD) + len(transfer.ARMS) * (validated * _EVALUATE + _SAVE))
    seconds *= _SLOWDOWN[entry.arch]
    duration = f"{10 * max(1, round(seconds / 10))} seconds" if seconds < 115 else f"{seconds / 60:.0f} minutes"
    return f"{NETWORKS[entry.arch]} at {transfer.SIDE} pixels, about {duration} on two idle cores."


def _draw_arms(runs: pd.DataFrame, size: str, against: str, colors: Palette) -> None:
    """Draw the curves, differences and table of the runs with one number of photos, and say which."""
    if runs.empty:
        st.info(f"The networks with {size} photos per class are not trained yet.", icon=":material/hourglass_empty:")
        return
    ends = transfer.last_epochs(runs)
    missing = [NAMES[arm] for arm in transfer.ARMS if arm not in set(ends["arm"])]
    note = f" Not trained yet: {', '.join(missing)}." if missing else ""
    st.markdown(f"**{network_name(ends['arch'].iloc[0])}, {size} training photos per class.**{note}")
    compared = transfer.compare_arms(runs)
    with st.grid(2, min_column_width=320):
        # Streamlit rejects two identical figures in one run, so the key names the part.
        st.plotly_chart(
            curves(runs, against, colors),
            key=f"transfer-curves-{len(ends)}",
            config=STATIC,
            alt="Validation accuracy during training, a line for each way of training",
        )
        if compared:
            st.plotly_chart(
                differences(compared, colors),
                key=f"transfer-differences-{len(ends)}",
                config=STATIC,
                alt="Differences in accuracy between the ways of training, with 95% intervals",
            )
    st.dataframe(figures(ends), hide_index=True, height="content")
    if compared:
        st.markdown("\n".join(f"- {comparison_sentence(pair)}" for pair in compared))
        held_out = int(ends["val_n"].iloc[0])
        network = network_name(ends["arch"].iloc[0])
        st.caption(
            at_level(texts.method(network, transfer.SIDE, held_out)), help=explained("confidence interval", "p-value")
        )


def _draw_sizes(few: pd.DataFrame, runs: pd.DataFrame, names: dict[int, str], colors: Palette) -> None:
    few = few[few["arch"] == runs["arch"].iloc[0]]
    if few.empty:  # shipped results of another network
        network = network_name(runs["arch"].iloc[0])
        st.info(f"{network} is not trained on fewer photos yet.", icon=":material/hourglass_empty:")
        return
    ends = transfer.last_epochs(pd.concat([few, runs], ignore_index=True))
    st.plotly_chart(
        learning_curve(ends, names, colors),
        key=f"transfer-sizes-{len(ends)}",
        config=STATIC,
        alt="Validation accuracy by number of training photos, a line for each way of training",
    )


def figures(ends: pd.DataFrame) -> pd.DataFrame:
    """Return a row per arm: trained parameters, training time, and accuracies after the last epoch."""
    return pd.DataFrame(
        {
            "training": [NAMES[arm] for arm in ends["arm"]],
            "parameters trained": [f"{count:,}" for count in ends["trained"]],
            "training photos": ends["photos"],
            "epochs": ends["epochs"],
            "training seconds": [f"{seconds:.1f}" for seconds in ends["seconds"]],
            "training accuracy": [f"{share:.0%}" for share in ends["train_accuracy"]],
            "validation accuracy": [
                f"{share:.0%} ({correct} of {n})"
                for share, correct, n in zip(ends["val_accuracy"], ends["correct"], ends["val_n"], strict=True)
            ],
        }
    )


def comparison_sentence(pair: transfer.ArmComparison) -> str:
    """Describe the paired test of two arms in words."""
    first, second, found = NAMES[pair.first], NAMES[pair.second], pair.compared
    conclusion = "unlikely to be chance" if found.p_value < 0.05 else "this could be chance"
    p = f"p = {found.p_value:.2g}" if found.p_value >= 0.001 else "p < 0.001"
    return (
        f"**{second.capitalize()} minus {first}**: {_points(found.difference)} percentage points (95% interval "
        f"{_points(found.low)} to {_points(found.high)}). Only {second} is correct on "
        f"{counted(found.only_b_right, 'photo')}, only {first} on {found.only_a_right}: {conclusion} ({p})."
    )


def _points(difference: float) -> str:
    """Return a difference in percentage points with its sign; negative numbers get a true minus sign."""
    return f"{100 * difference:+.0f}".replace("-", "\N{MINUS SIGN}")


def _question(runs: pd.DataFrame) -> None:
    pairs = transfer.compare_arms(runs)
    clear = [pair for pair in pairs if pair.clear]
    results = [f"{_pair_name(pair)} ({_points(pair.compared.difference)})" for pair in clear]
    choices = texts.choices(
        [_pair_name(pair) for pair in clear], [_pair_name(pair) for pair in pairs if not pair.clear], results
    )
    question("transfer", texts.QUESTION, choices)


def _pair_name(pair: transfer.ArmComparison) -> str:
    return f"{NAMES[pair.second]} minus {NAMES[pair.first]}"
