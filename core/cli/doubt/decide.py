"""The command decide: how a run's model turns its probabilities into answers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result, print_table

if TYPE_CHECKING:
    import numpy as np

    from core.inspection.doubt.run_logits import RunLogits
    from core.inspection.measuring.report import DecisionFigures
    from core.models.decision import Decision, Threshold
    from core.runs.folder import RunFolder
    from core.workspace import Workspace

Device = Annotated[str, typer.Option(help="The device to compute on: auto, cpu, cuda, mps ...")]

_SWITCH = ("on", "off")


def decide(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run id in the workspace.")],
    temperature: Annotated[
        str | None,
        typer.Option(metavar="on|off", help="Switch calibrated probabilities on or off (temperature scaling)."),
    ] = None,
    leave_below: Annotated[
        str | None,
        typer.Option(
            metavar="X|off", help="Leave answers with a lower probability to a person: they are marked unsure."
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS[=X]|off",
            help="Choose this class whenever its probability is at least X. Without X: the threshold that costs least "
            "on the validation photos.",
        ),
    ] = None,
    miss_cost: Annotated[
        float | None,
        typer.Option(help="With --threshold: how many false alarms a missed photo of the class costs. Default: 1."),
    ] = None,
    foreign: Annotated[
        str | None,
        typer.Option(
            metavar="on|off",
            help='Switch the score for "none of these" on or off: how far a photo is from the training photos. Photos '
            "that are farther than 95% of the validation photos are marked unsure.",
        ),
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete the decision: predict the most likely class, uncalibrated, again.")
    ] = False,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Decide how a run's model answers: calibration, what is left to a person, a threshold for one class.

    Everything is fitted on the validation photos and saved in the model's bundle. predict, explain, the demo and all
    exports follow it. Without options: print the decision and what it does. An option that switches something on first
    fits what was not fitted yet.
    """
    from core.runs.deciding.saved_decision import change_decision, saved_decision
    from core.runs.deciding.validation_logits import check_has_ended
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    changes = [temperature, leave_below, threshold, foreign]
    if clear and any(one is not None for one in changes):
        raise typer.BadParameter("use --clear alone: it deletes the whole decision.")
    if miss_cost is not None and (threshold is None or threshold == "off"):
        raise typer.BadParameter("--miss-cost is about a class; name it with --threshold CLASS.")
    switches = {"temperature": _switch(temperature, "--temperature"), "foreign": _switch(foreign, "--foreign")}
    limit = _share(leave_below, "--leave-below")
    workspace = open_workspace()
    found = open_run(run, workspace)
    check_has_ended(found)
    if clear:
        from core.models.decision import Decision

        change_decision(found, lambda _: Decision())
        print_json({"decision": None}) if json else print_result("The model predicts the most likely class again.")
        return
    with ProgressDisplay() as display:
        known = _validation(found, workspace, device, display)
        decision = first = saved_decision(found)
        is_asked = any(one not in (None, "off") for one in changes)
        # A fit leaves a temperature, or the reason why there is none; the score for "none of these" leaves neither.
        if is_asked and decision.temperature is None and not decision.remarks:
            from core.inspection.doubt.fit import fit_decision

            decision = change_decision(found, lambda _: fit_decision(found.path))
        chosen: dict[str, Any] = {}
        if switches["temperature"] is not None:
            if switches["temperature"] and decision.temperature is None:
                print_message(" ".join(["There is no temperature to switch on.", *decision.remarks]))
            chosen["use_temperature"] = switches["temperature"]
        if leave_below is not None:
            chosen["leave_below"] = limit
        if chosen:
            decision = change_decision(found, lambda before: before.model_copy(update=chosen))
        if threshold is not None:
            cost = 1.0 if miss_cost is None else miss_cost
            wanted = None if threshold == "off" else _threshold(threshold, cost, known, decision, found)
            decision = change_decision(found, lambda before: before.model_copy(update={"threshold": wanted}))
        if switches["foreign"]:
            from core.runs.deciding.foreign_fit import fit_run_foreign

            progress = display.counter("comparing photos")
            decision = fit_run_foreign(found, workspace.cache / "resized", progress, device=device)
        elif switches["foreign"] is False:
            decision = change_decision(found, lambda before: before.model_copy(update={"foreign": None}))
    if stale := _of_other_probabilities(first, decision, leave_below is None, threshold is None):
        print_message(stale)
    _print(found, decision, known, json)


def _validation(run: "RunFolder", workspace: "Workspace", device: str, display: ProgressDisplay) -> "RunLogits":
    from core.runs.deciding.validation_logits import validation_logits

    progress = display.counter("evaluating on val")
    return validation_logits(run, progress, device=device, cache=workspace.cache / "resized")


def _switch(text: str | None, option: str) -> bool | None:
    if text is None:
        return None
    if text not in _SWITCH:
        raise typer.BadParameter(f"{option} is {text!r}, but must be one of {', '.join(_SWITCH)}.")
    return text == "on"


def _share(text: str | None, option: str) -> float | None:
    """Return a share from 0 to 1, written as a number or in per cent; None for off."""
    if text is None or text == "off":
        return None
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{option} is {text!r}, but must be a number from 0 to 1, such as 0.8, or off.")
    return value


def _threshold(text: str, miss_cost: float, known: "RunLogits", decision: "Decision", run: "RunFolder") -> "Threshold":
    """Return the threshold that ``CLASS`` or ``CLASS=X`` names; raises RunError for an unknown class."""
    from core.errors import RunError
    from core.inspection.deciding.decide import softmax
    from core.inspection.doubt.costs import best_threshold
    from core.models.bundle import read_info
    from core.models.decision import MOST_COST, Threshold

    classes = read_info(run.best).classes
    name, _, number = (text, "", "") if text in classes else text.rpartition("=")
    name = name or text
    if name not in classes:
        raise RunError(f"The model has no class {name!r}. Its classes are: {', '.join(classes[:20])}.")
    if not 0 < miss_cost <= MOST_COST:
        raise typer.BadParameter(
            f"--miss-cost is {miss_cost:g}, but must be more than 0, and at most {MOST_COST:,.0f}."
        )
    if number:
        at = _share(number, "the threshold")
        if at is None:
            raise typer.BadParameter("give a number after the class, as in --threshold CLASS=0.2, or --threshold off.")
        return Threshold(class_name=name, at=at, miss_cost=miss_cost)
    index = classes.index(name)
    scores = softmax(known.logits.astype("float64") / decision.scale)[:, index]
    best = best_threshold(scores, known.labels == index, miss_cost)
    if best is None:
        raise RunError(
            f"The validation photos must show {name!r} and other classes to find a threshold. Give one: {name}=0.5."
        )
    return Threshold(class_name=name, at=best.at, miss_cost=miss_cost)


def _of_other_probabilities(before: "Decision", after: "Decision", kept_limit: bool, kept_threshold: bool) -> str:
    """Warn of limits that were chosen for probabilities that this command has changed; empty if there are none."""
    if before.scale == after.scale:
        return ""
    names = ["--leave-below"] if kept_limit and after.leave_below is not None else []
    names += ["--threshold"] if kept_threshold and after.threshold is not None else []
    if not names:
        return ""
    return (
        "The probabilities have changed, but the saved limits were chosen for those of before. Check the figures, or "
        f"choose again with {' and '.join(names)}."
    )


def _foreign_scores(run: "RunFolder", decision: "Decision", count: int) -> "np.ndarray | None":
    from core.inspection.doubt.foreign_photos import read_scores

    scores = None if decision.foreign is None else read_scores(run.path)
    return scores if scores is not None and len(scores) == count else None


def _print(run: "RunFolder", decision: "Decision", known: "RunLogits", json: bool) -> None:
    from core.inspection.doubt.fit import fit_sentence
    from core.inspection.measuring.decision_figures import decision_figures
    from core.models.bundle import read_info
    from core.models.decision import HELPS_NOT

    classes = read_info(run.best).classes
    foreign = _foreign_scores(run, decision, len(known.labels))
    figures = decision_figures(known.logits, known.labels, decision, classes, foreign)
    if json:
        print_json({"decision": decision.model_dump(mode="json"), "validation": figures.model_dump(mode="json")})
        return
    off = not decision.use_temperature and HELPS_NOT not in decision.remarks
    print_result(fit_sentence(decision) + (" It is switched off." if off else ""))
    if decision.temperature is None and not decision.remarks:
        print_result("Calibrate them with --temperature on.")
    rows = [["unsure below", "off" if decision.leave_below is None else f"{decision.leave_below:.1%}"]]
    if decision.threshold is not None:
        rows.append(["threshold", f"{decision.threshold.class_name} from {decision.threshold.at:.1%} on"])
        rows.append(["a miss costs", f"{decision.threshold.miss_cost:g} false alarms"])
    rows.append(
        ["none of these", "off" if decision.foreign is None else f"beyond a distance of {decision.foreign.limit:.3f}"]
    )
    print_table(["decision", ""], rows, texts=2)
    print_result("\non the validation photos")
    print_table(["", "share"], _figure_rows(figures), texts=2)


def _figure_rows(figures: "DecisionFigures") -> list[list[str]]:
    rows = [
        ["accuracy on all photos", str(figures.chosen)],
        ["answered", str(figures.answered)],
        ["accuracy on the answered photos", str(figures.accuracy)],
    ]
    if figures.covered is not None and figures.mean_set is not None:
        name = f"true class in the {figures.set_level}% sets (mean size {figures.mean_set:.2f})"
        rows.append([name, str(figures.covered)])
    return rows


def print_effect(figures: "DecisionFigures | None", split: str) -> None:
    """Print what the decision saved with the model did on a split, if it changed an answer or left one to a person."""
    if figures is None or (figures.threshold_class is None and figures.answered.correct == figures.answered.n):
        return
    print_result(f"\nwith the decision saved with the model ({split})")
    print_table(["", "share"], _figure_rows(figures), texts=2)
    if figures.threshold_class is not None:
        print_result("\nThe table below is of the most likely class, without the threshold.")
