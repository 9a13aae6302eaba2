"""Makes a bundle of a model's network and a head that was learned on its page."""

from datetime import UTC, datetime
from pathlib import Path

from core.errors import ModelError
from core.export.bundle_zip import bundle_of
from core.export.model_card import cell, model_card
from core.export.web_page.head_file import LearnedHead, other_network
from core.inspection.predicting.predictor import IMAGENET, imagenet_network
from core.models.bundle import BundleInfo, load_bundle, read_info, save_bundle
from core.models.zoo import config_of


def bundle_with_head(source: Path | str, learned: LearnedHead, out: Path) -> BundleInfo:
    """Write the bundle to the new folder ``out``; ``source`` is the run, bundle or ``"imagenet"`` of the page.

    The new model has no decision and no recipe: both were for the other classes. Raises ModelError if the head was
    learned on another network, BundleError, RunError.
    """
    import torch

    from core.export.web_page.write_page import trunk_of
    from core.models.heads import build_for

    folder = None if str(source) == IMAGENET else bundle_of(Path(source))
    network, old = load_bundle(folder) if folder else imagenet_network()
    state = network.state_dict()
    trunk = trunk_of(folder, {name: tensor.numpy() for name, tensor in state.items()})
    if trunk != learned.trunk:
        raise other_network(learned, old.arch)
    width = config_of(old.arch).head_width
    if learned.head.weight.shape[1] != width:
        raise ModelError(
            f"The head takes {learned.head.weight.shape[1]} numbers, but {old.arch} gives {width}. "
            "Save the head again on the page of this model."
        )
    info = BundleInfo(
        arch=old.arch,
        classes=learned.classes,
        preprocessing=old.preprocessing,
        weights={**old.public().weights, "head": "learned on a web page, in a browser"},
        metrics={"learned_on_page": learned.record()},
        libraries=old.libraries,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with torch.device("meta"):
        made = build_for("classification", old.arch, len(learned.classes))
    kept = {name: tensor for name, tensor in state.items() if name in made.state_dict()}
    kept |= {"fc.weight": torch.from_numpy(learned.head.weight), "fc.bias": torch.from_numpy(learned.head.bias)}
    made.load_state_dict(kept, assign=True)
    card = model_card(info, learned.page or old.arch) + _section(learned)

    def beside(new: Path) -> None:
        (new / "README.md").write_text(card, encoding="utf-8")
        (new / "classes.txt").write_text("".join(f"{name}\n" for name in info.classes), encoding="utf-8")

    save_bundle(out, made, info, also=beside)
    return read_info(out)


def _section(learned: LearnedHead) -> str:
    """Return what the README says about the head."""
    rows = "\n".join(
        f"| {cell(one.name)} | {one.frames:,} | {one.bursts:,} | {one.known:,} |" for one in learned.learned_from
    )
    test = learned.held_out
    tested = (
        f"On {test.bursts:,} bursts that were left out, the page counted {test.correct:,} of {test.n:,} frames "
        "correct. Nobody can check that here: evaluate the model on photos with known classes."
        if test and test.n
        else "It was not tested on bursts that were left out."
    )
    return (
        f"\n## Head\n\nThe last layer was learned in a browser, on {learned.created:%Y-%m-%d}, from camera frames and "
        f"photos that are not stored.\n\n| class | frames | bursts | known training photos |\n|---|---|---|---|\n{rows}"
        f"\n\n{tested}\n"
    )
