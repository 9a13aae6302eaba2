"""Exported bundles describe themselves, and predict the same without this program."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import BundleError, RunError
from core.export.bundle_zip import FILES, export_bundle, zip_bundle
from core.export.model_card import cell, model_card, snippet
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info
from core.runs.exams.looks import OPTIMISTIC
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from core.runs.new_run import create_run
from core.training.early.seen_photos import OF, SEEN
from core.training.recipe import Recipe
from tests.inspection.conftest import CLASSES, photo, write_bundle

PICTURE = photo(7, 153, 90)
CASES = {
    "crop": ("resnet18", "crop"),
    "squash": ("resnet18", "squash"),
    "letterbox": ("resnet18", "letterbox"),
    "v1": ("resnet50-v1", "crop"),
    "stages": ("resnet18+stages", "crop"),
    "family": ("resnext50-32x4d+small-stem", "crop"),
}
KERAS_LIKE = (0.48501960784313725, 0.45795686274509804, 0.4076078431372549)


def snippet_of(readme: str) -> str:
    """The one Python block of a README."""
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.fixture(scope="module")
def answers_of_strangers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, float], Path]]:
    """What the README's program prints in each exported folder, run without access to this repository.

    One process for all of them, since importing torchvision is nearly all of its time.
    """
    root = tmp_path_factory.mktemp("strangers")
    for case, (arch, mode) in CASES.items():
        preprocessing = Preprocessing(mode=mode, size=64, resize=75, mean=KERAS_LIKE)  # type: ignore[arg-type]
        exported = export_bundle(write_bundle(root / "bundles" / case, arch, preprocessing), root / case)
        # Stored sideways, with the EXIF tag that turns it upright, as phones do.
        exif = PICTURE.getexif()
        exif[0x0112] = 6
        PICTURE.rotate(90, expand=True).save(exported / "photo.jpg", "PNG", exif=exif)
        program = snippet_of((exported / "README.md").read_text(encoding="utf-8"))
        (exported / "stranger.py").write_text(program, encoding="utf-8")
    turns = "import os, runpy, sys\nfor folder in sys.argv[1:]:\n"
    turns += "    os.chdir(folder)\n    print('case', os.path.basename(folder))\n    runpy.run_path('stranger.py')\n"
    command = [sys.executable, "-I", "-c", turns, *(str(root / case) for case in CASES)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[dict[str, float], Path]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("case "):
            case = line.removeprefix("case ")
            found[case] = ({}, root / "bundles" / case)
        else:
            share, name = ast.literal_eval(line)
            found[case][0][name] = share
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_readme_s_snippet_gives_the_same_answer(
    answers_of_strangers: dict[str, tuple[dict[str, float], Path]], case: str
) -> None:
    found, bundle = answers_of_strangers[case]
    expected = dict(Predictor.load(bundle, device="cpu").predict([PICTURE])[0].ranked)
    assert found.keys() == expected.keys() == set(CLASSES)
    for name in CLASSES:
        assert found[name] == pytest.approx(expected[name], abs=1e-4)
    assert max(expected.values()) < 0.99, "an answer that is always 1 would prove nothing"


def test_the_card_says_what_a_head_on_several_stages_takes(bundle: Path) -> None:
    info = read_info(bundle)
    several = model_card(info.model_copy(update={"arch": "resnet18+stages"}), "Signs")
    said = "Its head takes the means of layer2, layer3, layer4, each scaled to length 1, side by side."
    assert said in several and said not in model_card(info, "Signs")


@pytest.mark.parametrize(("arch", "mode"), [("resnet50", "crop"), ("resnet50-v1", "crop"), ("resnet152-v1", "squash")])
def test_the_snippet_has_ten_lines_that_fit_a_page(bundle: Path, arch: str, mode: str) -> None:
    preprocessing = Preprocessing(mode=mode, size=224, resize=256, mean=KERAS_LIKE)  # type: ignore[arg-type]
    info = read_info(bundle).model_copy(update={"arch": arch, "preprocessing": preprocessing.as_dict()})
    lines = snippet(info).splitlines()
    assert len(lines) <= 10 and all(0 < len(line) <= 120 for line in lines)


def test_v1_strides_change_the_answer_so_the_snippet_must_set_them(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle", "resnet50-v1")
    program = snippet(read_info(bundle))
    assert "stage[0].conv1.stride, stage[0].conv2.stride = 2, 1" in program
    assert "stride" not in snippet(read_info(bundle).model_copy(update={"arch": "resnet50"}))
    wrong = Predictor.load(bundle, device="cpu")
    for layer in (wrong.network.layer2, wrong.network.layer3, wrong.network.layer4):
        for convolution, stride in (("0.conv1", 1), ("0.conv2", 2)):
            layer.get_submodule(convolution).stride = (stride, stride)  # type: ignore[assignment]
    right = Predictor.load(bundle, device="cpu")
    difference = np.abs(wrong.probabilities([photo(7)]) - right.probabilities([photo(7)]))
    assert difference.max() > 1e-3


def test_what_torchvision_does_not_have_is_loaded_by_the_program_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = export_bundle(write_bundle(tmp_path / "bundle", "resnet18+plain"), tmp_path / "exported")
    PICTURE.save(exported / "photo.jpg", "PNG")
    readme = (exported / "README.md").read_text(encoding="utf-8")
    assert "torchvision has no resnet18+plain" in readme
    monkeypatch.chdir(exported)
    exec(compile(snippet_of(readme), "README.md", "exec"), {})
    expected = Predictor.load(exported, device="cpu").predict([PICTURE])[0]
    assert capsys.readouterr().out.splitlines()[0] == f"{expected.probability:.6f} {expected.name}"


def test_an_export_is_four_files_and_loads_again(tmp_path: Path, bundle: Path) -> None:
    exported = export_bundle(bundle, tmp_path / "exported")
    assert {path.name for path in exported.iterdir()} == set(FILES)
    assert (exported / "classes.txt").read_text(encoding="utf-8") == "cat\ndog\nowl\n"
    again, before = Predictor.load(exported, device="cpu"), Predictor.load(bundle, device="cpu")
    for (name, a), (_, b) in zip(again.network.state_dict().items(), before.network.state_dict().items(), strict=True):
        assert torch.equal(a, b), name
    assert again.info == before.info


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    rows = []
    for seed in range(8):
        path = tmp_path / f"{seed}.png"
        photo(seed).save(path)
        rows.append((f"h{seed}", str(path), path.name, CLASSES[seed % 3], ["train", "test", "test", "val"][seed % 4]))
    snapshot = Snapshot(
        pd.DataFrame(rows, columns=["image", "path", "filename", "label", "split"]), CLASSES, "classification"
    )
    run = create_run(tmp_path / "runs" / "owls", snapshot, Recipe.checked(arch="resnet18"), title="Owls")
    write_bundle(run.best)
    return run


def test_a_run_s_readme_says_its_data_and_its_figures(tmp_path: Path, run: RunFolder) -> None:
    run.write_status(state="finished")
    report = evaluate_run(run, "test", device="cpu", who="Ada")
    evaluate_run(run, "val", device="cpu")
    exported = export_bundle(run.path, tmp_path / "exported")
    readme = (exported / "README.md").read_text(encoding="utf-8")
    counts = run.snapshot().counts().loc["owl"]
    assert re.search(rf"\| owl \| {counts['train']} \| {counts['val']} \| {counts['test']} \|", readme)
    look = "look 1 at these photos"
    assert f"| test, {look} | {report.accuracy.value:.1%} ({report.accuracy.correct} of 4) |" in readme
    assert f"recall (test, {look})" in readme and "| val | " in readme
    assert "they are for a final exam. These photos have been looked at once." in readme and OPTIMISTIC not in readme
    assert f"{report.accuracy.low:.1%} to {report.accuracy.high:.1%}" in readme
    assert "| source | random |" in readme and "# owls" in readme
    metrics = json.loads((exported / "bundle.json").read_text(encoding="utf-8"))["metrics"]
    assert metrics["report_test"]["accuracy"]["correct"] == report.accuracy.correct
    assert metrics["report_val"]["n"] == 2
    assert (metrics["exam"]["look"], metrics["exam"]["looks"]) == (1, 1)
    assert "Ada" not in (exported / "bundle.json").read_text(encoding="utf-8"), "an export may be published"


def test_a_readme_without_an_exam_says_that_the_test_photos_are_kept_back(tmp_path: Path, run: RunFolder) -> None:
    evaluate_run(run, "val", device="cpu")
    exported = export_bundle(run.path, tmp_path / "exported")
    readme = (exported / "README.md").read_text(encoding="utf-8")
    assert "4 test photos are kept back for a final exam, which this model has not taken." in readme
    assert "exam" not in json.loads((exported / "bundle.json").read_text(encoding="utf-8"))["metrics"]


def test_a_readme_says_which_of_several_looks_its_figures_are(tmp_path: Path, run: RunFolder) -> None:
    run.write_status(state="finished")
    for _ in range(2):
        evaluate_run(run, "test", device="cpu", who="Ada")
    exported = export_bundle(run.path, tmp_path / "exported")
    readme = (exported / "README.md").read_text(encoding="utf-8")
    assert "| test, look 2 at these photos |" in readme and OPTIMISTIC in readme


def test_a_zip_holds_one_folder_with_the_export(tmp_path: Path, run: RunFolder) -> None:
    path = zip_bundle(run.path, tmp_path / "downloads" / "owls.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {f"owls/{name}" for name in FILES}
        archive.extractall(tmp_path / "unpacked")
    picture = photo(2)
    np.testing.assert_allclose(
        Predictor.load(tmp_path / "unpacked" / "owls", device="cpu").probabilities([picture]),
        Predictor.load(run.best, device="cpu").probabilities([picture]),
        atol=1e-6,
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["owls.zip"], "the workplace is tidied up"


def test_an_export_replaces_an_earlier_one_and_nothing_else(tmp_path: Path, run: RunFolder) -> None:
    out = tmp_path / "exported"
    export_bundle(run.path, out)
    export_bundle(run.path, out)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"contains notes.txt, which is not part of an export"):
        export_bundle(run.path, out)
    for own in (run.best, run.last, run.path, run.path / "export"):
        with pytest.raises(BundleError, match="belongs to the run"):
            export_bundle(run.path, own)
    assert (out / "notes.txt").read_text() == "mine" and (run.best / "model.safetensors").is_file()


def test_a_readme_says_how_few_groups_its_figures_are_of(tmp_path: Path, run: RunFolder) -> None:
    """The intervals were given for new photos, with no word on the drivers of these."""
    made = run.snapshot()
    frame = made.frame.assign(group=[f"driver {place // 4}" for place in range(len(made.frame))])
    Snapshot(frame, made.classes, made.task, grouped_by="user").write(run.path / "snapshot.csv")
    run.write_status(state="finished")
    report = evaluate_run(run, "val", device="cpu")
    assert report.over_groups is not None and (report.over_groups.groups, report.over_groups.low) == (2, None)
    older = report.model_dump(mode="json", exclude={"over_groups"})  # of an earlier version
    run.report_path("val").write_text(json.dumps(older), encoding="utf-8")
    readme = (export_bundle(run.path, tmp_path / "exported") / "README.md").read_text(encoding="utf-8")
    said = "The validation photos are of only 2 groups: for a new group, the accuracy may be quite different."
    assert f"Intervals of accuracies are Wilson's, over photos. {said}" in readme


def test_what_cannot_be_exported_is_said(tmp_path: Path, run: RunFolder) -> None:
    with pytest.raises(BundleError, match="is not a bundle"):
        export_bundle(tmp_path, tmp_path / "out")
    (run.best / "bundle.json").unlink()
    with pytest.raises(RunError, match="owls has no model yet"):
        export_bundle(run.path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_class_name_cannot_break_the_readme(bundle: Path) -> None:
    info = read_info(bundle).model_copy(update={"classes": ("a|b", "<script>x</script>", "two\nlines", "`code`")})
    counts = pd.DataFrame(1, index=list(info.classes), columns=["train", "val", "test"])
    card = model_card(info, "# a *title*", counts=counts)
    rows = [line for line in card.splitlines() if line.endswith("| 1 | 1 | 1 |")]
    assert len(rows) == 4 and "<script>" not in card and "| a\\|b | 1" in card
    assert "# \\# a \\*title\\*" in card


def test_the_card_of_an_early_model_says_what_it_was_trained_on(bundle: Path) -> None:
    """The table of classes lists all photos of its run."""
    info = read_info(bundle)
    early = info.model_copy(update={"metrics": {SEEN: 40, OF: 200}})
    assert "trained on 40 of the 200 training photos, in one view" in model_card(early, "Signs")
    assert "early model" not in model_card(info, "Signs")


def test_no_link_is_made_of_a_name_in_the_model_card() -> None:
    name = "http://evil.test www.evil.test x@evil.test ![x](https://evil.test/a.png)"
    written = cell(name)
    for link in ("http://", "https://", "www.", "x@evil", "[x]"):
        assert link not in written
    # As it is read: a backslash and an empty comment are not drawn.
    assert written.replace("<!-- -->", "").replace("\\", "") == name
    assert cell("snow leopard, 3:1") == "snow leopard, 3:1"
