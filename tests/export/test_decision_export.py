"""Exports follow the decision: their example code, their README, their files, and a Space."""

import ast
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.pictures.transforms import Preprocessing
from core.errors import BundleError
from core.export.bundle_zip import export_bundle, zip_bundle
from core.export.decision_card import LIKELIEST, decision_text, doubt_figures
from core.export.model_card import model_card, snippet
from core.inspection.deciding.decide import decided, softmax
from core.inspection.deciding.foreign_score import read_score, score_of
from core.inspection.doubt.fit import fit_decision
from core.inspection.doubt.foreign_photos import fit_foreign
from core.inspection.doubt.run_logits import logits_of
from core.inspection.measuring.decision_figures import decision_figures
from core.inspection.measuring.logit_report import report_of_logits, save
from core.inspection.measuring.report import Report
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info, save_decision
from core.models.decision import Decision, FittedOn, Threshold
from core.models.zoo import ARCHITECTURES, ResNetConfig
from tests.export.test_box_snippet import write_localizer
from tests.inspection.conftest import CLASSES, photo, write_bundle

PICTURES = [photo(7, 153, 90), photo(8, 153, 90)]
FITTED = FittedOn(n=120, snapshot_digest="abc", created="2026-01-02T03:04:05+00:00")
WARM = Decision(temperature=2.5, fitted_on=FITTED)
CASES = ("temperature", "unsure by a threshold", "everything on stages", "boxes")


def decided_bundle(folder: Path, case: str) -> Path:
    """A bundle with a decision that says something else about each of the two photos."""
    if case == "boxes":
        bundle = write_localizer(folder, "resnet18", "letterbox")
    else:
        arch = "resnet18+stages" if "stages" in case else "resnet18"
        bundle = write_bundle(folder, arch, Preprocessing(size=64, resize=75))
    plain = Predictor.load(bundle, "cpu")
    shares = softmax(plain.logits(PICTURES).astype(np.float64) / 2.5)
    decision, content = WARM, None
    if case != "temperature":
        owls = shares[:, CLASSES.index("owl")]
        rule = Threshold(class_name="owl", at=float(owls.mean()), miss_cost=10)
        answers = decided(plain.logits(PICTURES), WARM.model_copy(update={"threshold": rule}), CLASSES)
        own = answers.probabilities[[0, 1], answers.chosen]
        decision = WARM.model_copy(update={"threshold": rule, "leave_below": float(own.mean())})
    if case in ("everything on stages", "boxes"):
        vectors = features_of(plain, [photo(seed) for seed in range(40, 52)])
        found = fit_foreign(vectors, vectors)
        score = score_of(found.content, found.foreign.neighbours, bundle)
        limit = float(score.scores(features_of(plain, PICTURES)).mean())
        foreign = found.foreign.model_copy(update={"limit": limit})
        decision, content = decision.model_copy(update={"foreign": foreign}), found.content
    save_decision(bundle, decision, content)
    return bundle


@pytest.fixture(scope="module")
def answers_of_strangers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], list[str]]:
    """What the READMEs' programs print for each photo, in one process without access to this repository."""
    root = tmp_path_factory.mktemp("strangers")
    for case in CASES:
        exported = export_bundle(decided_bundle(root / "bundles" / case, case), root / case)
        program = re.findall(r"```python\n(.*?)```", (exported / "README.md").read_text("utf-8"), flags=re.DOTALL)[0]
        assert "core" not in program
        for place, picture in enumerate(PICTURES):
            picture.save(exported / f"photo{place}.jpg", "PNG")
            text = program.replace('"photo.jpg"', f'"photo{place}.jpg"')
            (exported / f"stranger{place}.py").write_text(text, encoding="utf-8")
    turns = (
        "import os, runpy, sys\nfor folder in sys.argv[1:]:\n    os.chdir(folder)\n    for place in (0, 1):\n"
        "        print('case', os.path.basename(folder), place, sep='|')\n"
        "        runpy.run_path(f'stranger{place}.py')\n"
    )
    command = [sys.executable, "-I", "-c", turns, *(str(root / case) for case in CASES)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[tuple[str, int], list[str]] = {}
    lines: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith("case|"):
            _, case, place = line.split("|")
            lines = found.setdefault((case, int(place)), [])
        else:
            lines.append(line)
    found["root", 0] = [str(root)]
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_example_code_gives_the_answers_of_the_predictor(
    answers_of_strangers: dict[tuple[str, int], list[str]], case: str
) -> None:
    root = Path(answers_of_strangers["root", 0][0])
    expected = Predictor.load(root / case, "cpu").predict(PICTURES)
    doubts = set()
    for place, answer in enumerate(expected):
        lines = list(answers_of_strangers[case, place])
        doubt = lines.pop() if answer.may_be_unsure else ""
        assert doubt == ("" if not answer.may_be_unsure else "unsure" if answer.unsure else "sure")
        doubts.add(doubt)
        found = dict(_named(lines))
        assert next(iter(found)) == answer.name, "the answer comes first"
        assert found == pytest.approx(dict(answer.ranked), abs=1e-5)
    if case != "temperature":
        assert "unsure" in doubts and {one.name for one in expected} > {"owl"}, "rules without effect prove nothing"


def _named(lines: list[str]) -> Iterator[tuple[str, float]]:
    """The classes with their probabilities, from lines as either program prints them."""
    for line in lines:
        if line.startswith("("):
            share, name = ast.literal_eval(line)
            yield name, share
        elif not line.startswith("x "):
            number, name = line.split(" ", 1)
            yield name, float(number)


def test_the_example_code_fits_a_page_and_names_do_not_end_its_block(bundle: Path) -> None:
    info = read_info(bundle)
    assert info.decision is not None
    names = ("cat", '```"dog\'s"', "owl\\")
    rule = Threshold(class_name=names[1], at=0.2)
    decision = info.decision.model_copy(update={"threshold": rule, "temperature": 1.23456789012})
    program = snippet(info.model_copy(update={"classes": names, "decision": decision}))
    assert all(0 < len(line) <= 120 for line in program.splitlines())
    compile(program, "README.md", "exec")
    assert "```" not in program and " / 1.23456789012)" in program
    off = decision.model_copy(update={"use_temperature": False})
    assert " / " not in snippet(info.model_copy(update={"classes": names, "decision": off}))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decided_bundle(tmp_path_factory.mktemp("decided") / "bundle", "everything on stages")


def test_an_export_has_the_vectors_and_loads_again(bundle: Path, tmp_path: Path) -> None:
    exported = export_bundle(bundle, tmp_path / "exported")
    names = {path.name for path in exported.iterdir()}
    assert names == {"model.safetensors", "bundle.json", "README.md", "classes.txt", "foreign.safetensors"}
    assert read_info(exported).decision == read_info(bundle).decision
    assert (exported / "foreign.safetensors").read_bytes() == (bundle / "foreign.safetensors").read_bytes()
    zipped = zip_bundle(exported, tmp_path / "signs.zip")
    assert "signs/foreign.safetensors" in zipfile.ZipFile(zipped).namelist()
    save_decision(exported, WARM)
    export_bundle(bundle, tmp_path / "exported")  # an earlier export is replaced
    (exported / "foreign.safetensors").write_bytes(b"damaged")
    with pytest.raises(BundleError, match="does not fit"):
        export_bundle(exported, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_decision_that_is_saved_during_an_export_does_not_spoil_it(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(bundle, tmp_path / "own"))

    def save_another(*_: object) -> str:
        save_decision(own, WARM)
        return "card"

    monkeypatch.setattr("core.export.bundle_zip.model_card", save_another)
    exported = export_bundle(own, tmp_path / "exported")
    assert not (own / "foreign.safetensors").exists()
    assert read_score(exported, read_info(exported)) is not None


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder with a model and a report on 80 validation photos."""
    run = tmp_path / "run"
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
    write_bundle(run / "best", "tiny")
    (run / "status.json").write_text("{}")
    dice = np.random.default_rng(0)
    logits = dice.normal(0, 3, (80, 3)).astype(np.float32)
    labels = np.where(dice.random(80) < 0.75, logits.argmax(axis=1), dice.integers(0, 3, 80))
    frame = pd.DataFrame({name: [CLASSES[one] for one in labels] for name in ("filename", "image", "path", "label")})
    save(*report_of_logits(CLASSES, frame, logits, split="val"), run, logits)
    return run


def test_the_card_says_what_the_decision_does(run: Path) -> None:
    rule = Threshold(class_name="owl", at=0.25, miss_cost=10)
    decision = fit_decision(run).model_copy(update={"leave_below": 0.6, "threshold": rule})
    save_decision(run / "best", decision)
    info = read_info(run / "best")
    figures = doubt_figures(run, info)
    assert figures is not None and figures.n == 80 and figures.after is not None
    card = model_card(info, "Signs", doubt=figures)
    text = card[card.index("## How it decides") : card.index("## Input")]
    assert f"Temperature: {decision.temperature:.4g}, fitted on 80 validation photos" in text
    assert f"Expected calibration error on the validation photos: {figures.before.error:.1%}" in text
    assert f"{figures.after.error:.1%}" in text
    assert "the answer is owl whenever its probability is at least 25.0%" in text and "cost 10" in text
    assert "Answers with a probability below 60.0% are `unsure`" in text
    assert str(figures.decision.accuracy) in text and str(figures.decision.answered) in text
    assert "Sets of likely classes" in text and "at 90%" in text and "at 95%" in text and "at 99%" not in text


def test_a_card_without_a_decision_says_that_nothing_was_calibrated(run: Path) -> None:
    info = read_info(run / "best")
    assert doubt_figures(run, info) is None
    assert "were not calibrated" in decision_text(info, None)
    few = Decision(fitted_on=FITTED.model_copy(update={"n": 5}), remarks=("There are 5 validation photos.",))
    assert "not calibrated. There are 5 validation photos." in decision_text(
        info.model_copy(update={"decision": few}), None
    )


def test_the_figures_of_the_decision_are_in_the_exported_bundle(run: Path, tmp_path: Path) -> None:
    save_decision(run / "best", fit_decision(run))
    exported = export_bundle(run / "best", tmp_path / "exported")
    assert json.loads((exported / "bundle.json").read_text())["decision"]["fitted_on"]["n"] == 80


def test_the_figures_of_a_threshold_are_said_apart_and_only_of_the_present_one(run: Path, tmp_path: Path) -> None:
    first = fit_decision(run).model_copy(update={"threshold": Threshold(class_name="owl", at=0.05)})
    save_decision(run / "best", first)
    logits, labels, _ = logits_of(run)
    figures = decision_figures(logits, labels, first, CLASSES)
    plain = Report.read(run / "report-val.json")
    assert figures.chosen != plain.accuracy, "a threshold without effect proves nothing"
    exam = plain.model_copy(update={"split": "test", "n": 80, "decision": figures})
    exam.write(run / "report-test.json")

    def exported(name: str) -> tuple[str, dict[str, Any]]:
        folder = export_bundle(run, tmp_path / name)
        card = (folder / "README.md").read_text("utf-8")
        quality = card[card.index("## How good it is") : card.index("## How it decides")]
        return quality, json.loads((folder / "bundle.json").read_text())["metrics"]

    card, metrics = exported("first")
    assert f"These figures are of the {LIKELIEST}." in card and card.count(str(figures.chosen)) == 2
    assert metrics["report_test"]["decision"]["chosen"]["correct"] == figures.chosen.correct
    assert metrics["report_val"]["decision"]["threshold_class"] == "owl"
    second = first.model_copy(update={"threshold": Threshold(class_name="owl", at=0.9)})
    save_decision(run / "best", second)
    card, metrics = exported("second")
    assert str(figures.chosen) not in card and str(decision_figures(logits, labels, second, CLASSES).chosen) in card
    assert metrics["report_test"]["decision"] is None, "the exam was taken with another decision"
    save_decision(run / "best", first.model_copy(update={"threshold": None}))
    assert LIKELIEST not in exported("third")[0]


def test_the_card_says_that_the_decision_is_for_averaged_views(bundle: Path) -> None:
    info = read_info(bundle).model_copy(update={"recipe": {"test_time_views": 6}})
    said = "with one view of a photo; by itself it averages 6 views"
    assert f"{said}, and its decision (below) was fitted on these averages." in model_card(info, "Signs")
    assert f"{said}. (" in model_card(info.model_copy(update={"decision": None}), "Signs")
