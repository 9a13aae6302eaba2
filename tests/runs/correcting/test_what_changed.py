"""What changed from a run to the one that corrects it, from the two folders alone."""

from pathlib import Path

import pandas as pd
import pytest

from core.data.store.store import Project, Store
from core.errors import RunError
from core.inspection.measuring.predictions_csv import write
from core.runs.correcting.train_again import train_again
from core.runs.correcting.what_changed import earlier_run, what_changed
from core.runs.folder import RunFolder
from core.workspace import Workspace


@pytest.fixture
def again(workspace: Workspace, store: Store, birds: Project, run: RunFolder) -> RunFolder:
    """The run trained again after the label of one validation photo was corrected."""
    row = run.snapshot().part("val").iloc[0]
    photo = store.find_image(birds.id, str(row["image"]))
    assert photo is not None
    store.annotate(birds.id, [photo.id], {"owl": "duck", "duck": "owl"}[str(row["label"])], "Ben")
    return train_again(workspace, store, run)


def answer(run: RunFolder, right: bool) -> None:
    """Write predictions for the validation photos: all right or all wrong."""
    part = run.snapshot().part("val")
    other = {"owl": "duck", "duck": "owl"}
    predicted = part["label"] if right else part["label"].map(other)
    table = pd.DataFrame(
        {
            "image": part["image"],
            "filename": part["filename"],
            "path": part["path"],
            "label": part["label"],
            "prediction": predicted,
            "probability": 0.9,
        }
    )
    write(table, run.path / "predictions-val.csv")


def test_a_run_that_corrects_none_has_nothing_to_compare(run: RunFolder) -> None:
    assert earlier_run(run) is None and what_changed(run) is None


def test_the_label_changes_are_known_before_the_answers(run: RunFolder, again: RunFolder) -> None:
    found = what_changed(again)
    assert found is not None and (found.earlier, found.later) == (run, again)
    assert found.data.sentence == "1 label was changed" and len(found.labels) == 1
    assert found.labels.iloc[0]["split"] == "val" and found.answers is None


def test_the_answers_of_both_are_compared_by_the_new_labels(run: RunFolder, again: RunFolder) -> None:
    answer(run, right=False)
    answer(again, right=True)
    found = what_changed(again)
    assert found is not None and found.answers is not None and found.answers.comparison is not None
    n = len(again.snapshot().part("val"))
    # The wrong answer to the corrected photo was right by its new label: it is no gain.
    assert (found.answers.comparison.n, len(found.answers.newly_right), len(found.answers.newly_wrong)) == (n, n - 1, 0)
    assert found.answers.relabelled == 1


def test_a_deleted_earlier_run_is_named(run: RunFolder, again: RunFolder) -> None:
    run.path.rename(run.path.with_name(".deleted-1"))
    with pytest.raises(RunError, match="has been deleted"):
        what_changed(again)


@pytest.mark.parametrize("name", ["..", "../outside", "/etc", ".hidden", "a/b"])
def test_a_name_that_leads_elsewhere_opens_nothing(run: RunFolder, again: RunFolder, tmp_path: Path, name: str) -> None:
    outside = run.path.parent.parent / "outside"
    outside.mkdir()
    (outside / "status.json").write_bytes((run.path / "status.json").read_bytes())
    again.write_status(corrected_from=name)
    with pytest.raises(RunError, match="has been deleted"):
        earlier_run(again)
