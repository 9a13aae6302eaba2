"""One click trains a run again: the same recipe on the labels that the project has now."""

import pytest

from core.data.store.store import Project, Store
from core.errors import RunError, TooLittleData
from core.runs.correcting.changed_labels import label_differences, labels_of_snapshot, present_labels
from core.runs.correcting.train_again import corrected_title, corrections_of, project_of, train_again
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from tests.runs.correcting.conftest import EACH, add, draw, run_of


def correct(store: Store, project: Project, run: RunFolder, number: int = 0) -> int:
    """Give a training photo the other label; returns its number."""
    row = run.snapshot().part("train").iloc[number]
    photo = store.find_image(project.id, str(row["image"]))
    assert photo is not None
    return store.annotate(project.id, [photo.id], {"owl": "duck", "duck": "owl"}[str(row["label"])], "Ben")


def test_the_new_run_has_the_recipe_and_the_present_labels(
    workspace: Workspace, store: Store, birds: Project, run: RunFolder
) -> None:
    correct(store, birds, run)
    again = train_again(workspace, store, run)
    assert again.recipe() == run.recipe()
    status = again.status()
    assert (status.title, status.corrected_from) == ("Owls and ducks (corrected)", run.id)
    assert (status.project_id, status.project) == (birds.id, "Birds")
    before, after = labels_of_snapshot(run.snapshot()), labels_of_snapshot(again.snapshot())
    assert before.keys() == after.keys()
    assert sum(before[image] != after[image] for image in before) == 1
    splits = [one.snapshot().frame.set_index("image")["split"].to_dict() for one in (run, again)]
    assert splits[0] == splits[1]


def test_the_log_says_which_groups_are_in_several_splits(
    workspace: Workspace, store: Store, birds: Project, run: RunFolder
) -> None:
    """Nothing was said where somebody had named groups since, so the results looked good for new groups."""
    correct(store, birds, run)
    store.set_groups(birds.id, {row.id: "one day" for row in store.images(birds.id)}, "Ben")
    again = train_again(workspace, store, run)
    assert "One group is in several splits: one day is in " in (again.path / "log.txt").read_text(encoding="utf-8")
    assert not run.snapshot().remarks


def test_a_second_click_starts_nothing(workspace: Workspace, store: Store, birds: Project, run: RunFolder) -> None:
    correct(store, birds, run)
    first = train_again(workspace, store, run)
    assert train_again(workspace, store, run) == first
    assert len(list_runs(workspace)) == 2 and corrections_of(workspace, run) == [first]
    correct(store, birds, run, 1)
    second = train_again(workspace, store, run)
    assert second != first and set(corrections_of(workspace, run)) == {first, second}


def test_without_a_change_there_is_nothing_to_train(
    workspace: Workspace, store: Store, birds: Project, run: RunFolder
) -> None:
    with pytest.raises(RunError, match="would give the same model"):
        train_again(workspace, store, run)
    change = correct(store, birds, run)
    store.undo_one(birds.id, change)
    with pytest.raises(RunError, match="would give the same model"):
        train_again(workspace, store, run)
    assert len(list_runs(workspace)) == 1


def test_a_run_without_a_project_cannot_be_trained_again(workspace: Workspace, store: Store, run: RunFolder) -> None:
    run.write_status(project_id=None)
    assert project_of(store, run) is None
    with pytest.raises(RunError, match="has no project in this workspace"):
        train_again(workspace, store, run)


def test_labels_that_no_longer_suffice_start_nothing(
    workspace: Workspace, store: Store, birds: Project, run: RunFolder
) -> None:
    owls = [row.id for row in store.image_labels(birds.id) if row.label == "owl"]
    store.annotate(birds.id, owls[1:], "duck", "Ben")
    with pytest.raises(TooLittleData):
        train_again(workspace, store, run)
    assert len(list_runs(workspace)) == 1


def test_titles_are_counted() -> None:
    titles = ["Birds"]
    for _ in range(3):
        titles.append(corrected_title(titles[-1]))
    assert titles[1:] == ["Birds (corrected)", "Birds (corrected 2)", "Birds (corrected 3)"]


def test_an_older_status_has_no_earlier_run(run: RunFolder) -> None:
    text = run.status_path.read_text(encoding="utf-8")
    assert '"corrected_from": null' in text
    run.status_path.write_text(text.replace('  "corrected_from": null,\n', ""), encoding="utf-8")
    assert run.status().state == "queued" and run.status().corrected_from is None


def test_the_quick_comparison_counts_as_the_snapshots_do(
    workspace: Workspace, store: Store, birds: Project, run: RunFolder
) -> None:
    before = labels_of_snapshot(run.snapshot())
    assert not label_differences(before, present_labels(store, birds)).any
    correct(store, birds, run)
    store.annotate(birds.id, [add(store, birds, 99)], "owl", "Ben")
    gone = store.find_image(birds.id, str(run.snapshot().part("val").iloc[0]["image"]))
    assert gone is not None
    store.annotate(birds.id, [gone.id], None, "Ben")
    found = label_differences(before, present_labels(store, birds))
    assert (found.relabelled, found.added, found.removed) == (1, 1, 1)
    assert found.sentence == "1 photo was added, 1 photo was removed, 1 label was changed"


def test_a_moved_box_is_a_difference(workspace: Workspace, store: Store) -> None:
    project = store.create_project("Boxes", "localization", ["square", "disc"])
    photos = [add(store, project, 200 + number) for number in range(2 * EACH)]
    for number, image_id in enumerate(photos):
        draw(store, project, image_id, ("square", "disc")[number % 2], 3)
    run = run_of(workspace, store, project, "localization")
    before = labels_of_snapshot(run.snapshot())
    assert not label_differences(before, present_labels(store, project)).any
    draw(store, project, photos[0], "square", 9)
    draw(store, project, photos[1], "square", 3)
    found = label_differences(before, present_labels(store, project))
    assert (found.reboxed, found.relabelled) == (1, 1)
