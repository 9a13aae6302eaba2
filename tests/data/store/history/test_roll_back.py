"""A project goes back to any moment and forth again; any single change is undone; two processes see each other."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from core.data.store.database import MIGRATIONS
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.errors import DataError
from tests.data.builders import add, labelled_project, labels_of, open_store
from tests.data.store.history.test_changes import class_id, state, steps

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_back_to_a_moment_undoes_everybodys_later_changes_and_forth_does_them_again(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl", None])
    moment = store.history(project_id)[0].id
    before = state(store, project_id)
    store.add_class(project_id, "duck", "bob")
    store.annotate(project_id, ids[:2], "duck", "bob")
    store.annotate(project_id, [ids[1]], "owl", "cleo")
    store.remove_images(project_id, [ids[2]], "cleo")
    after = state(store, project_id)

    seen = store.roll_back_reach(project_id, moment)
    assert (seen.changes, seen.images, seen.classes, seen.people) == (4, 3, 1, ("bob", "cleo"))
    assert state(store, project_id) == after  # looking changes nothing
    done = store.roll_back(project_id, moment, "teacher")
    assert (done.changes, done.kept) == (4, 0)
    assert state(store, project_id) == before
    (rewind,) = store.roll_backs(project_id)
    assert (rewind.change_id, rewind.who, rewind.changes) == (moment, "teacher", 4)
    assert [(one.undone, one.roll_back) for one in store.history(project_id)] == [(True, rewind.id)] * 4 + [
        (False, None)
    ]

    assert store.redo(project_id) is None  # not in pieces: together
    assert store.undo_roll_back(project_id, rewind.id).kept == 0
    assert state(store, project_id) == after
    assert store.roll_backs(project_id) == []
    with pytest.raises(DataError, match="already been redone"):
        store.undo_roll_back(project_id, rewind.id)


def test_back_to_the_very_beginning(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    assert store.roll_back(project_id, 0, "ann").changes == 2
    assert labels_of(store, project_id) == [None, None]
    with pytest.raises(DataError, match="Nothing was changed after"):
        store.roll_back(project_id, 0, "ann")


def test_a_moment_that_the_project_never_had_is_refused(store: Store) -> None:
    one, _ = labelled_project(store, ["owl"], "one")
    two, _ = labelled_project(store, ["owl"], "two")
    with pytest.raises(DataError, match="not in the project's history"):
        store.roll_back(two, store.history(one)[0].id, "ann")
    assert labels_of(store, two) == ["owl"]


def test_forth_keeps_what_was_done_in_between(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck"])
    moment = store.history(project_id)[0].id
    store.annotate(project_id, ids, "owl", "bob")
    store.roll_back(project_id, moment, "ann")
    store.annotate(project_id, [ids[0]], "duck", "bob")  # something new: personal redo is over, this one is not
    (rewind,) = store.roll_backs(project_id)
    assert store.undo_roll_back(project_id, rewind.id).kept == 1
    assert labels_of(store, project_id) == ["duck", "owl"]


def test_one_of_a_rewinds_changes_may_be_done_again_alone(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck"])
    moment = store.history(project_id)[0].id
    first = store.annotate(project_id, [ids[0]], "duck", "bob")
    store.annotate(project_id, [ids[1]], "owl", "bob")
    store.roll_back(project_id, moment, "ann")
    store.redo_one(project_id, first)
    assert labels_of(store, project_id) == ["duck", "duck"]
    assert store.roll_backs(project_id)[0].changes == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_was_done_any_moment_comes_back_exactly_and_so_does_the_present(
    store: Store, data: st.DataObject
) -> None:
    project = store.create_project(f"Birds {len(store.projects())}", classes=["owl", "duck"])
    ids = [add(store, project.id, number).id for number in range(5)]
    states = {0: state(store, project.id)}
    for kind in data.draw(st.lists(st.sampled_from(sorted(steps())), min_size=1, max_size=12)):
        try:
            steps()[kind](store, project.id, ids, data.draw)
        except DataError:
            continue
        newest = store.history(project.id, 1)
        states[newest[0].id if newest else 0] = state(store, project.id)
    moment = data.draw(st.sampled_from(sorted(states)))
    now = state(store, project.id)
    if store.roll_back_reach(project.id, moment).changes:
        assert store.roll_back(project.id, moment, "ann").kept == 0
        assert state(store, project.id) == states[moment]
        assert store.undo_roll_back(project.id, store.roll_backs(project.id)[0].id).kept == 0
    assert state(store, project.id) == now


def test_an_old_change_is_undone_alone_where_nobody_has_changed_its_images_since(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None, "duck", "owl"])
    old = store.annotate(project_id, ids[:2], "owl", "ann")
    store.annotate(project_id, [ids[1]], "duck", "bob")
    undone = store.undo_one(project_id, old)
    assert (undone.id, undone.undone, undone.kept) == (old, True, 1)
    assert labels_of(store, project_id) == [None, "duck", "duck", "owl"]
    with pytest.raises(DataError, match="already undone"):
        store.undo_one(project_id, old)
    assert store.redo_one(project_id, old).kept == 1
    assert labels_of(store, project_id)[0] == "owl"
    with pytest.raises(DataError, match="is not undone"):
        store.redo_one(project_id, old)


def test_what_a_change_did_is_told_by_image(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck"])
    number = store.apply_labels(project_id, [(ids[0], "duck", "test")], "bob", "import")
    (seen,) = store.touched(project_id, number)
    assert (seen.image_id, seen.label_before, seen.label_after) == (ids[0], "owl", "duck")
    assert (seen.split_before, seen.split_after) == (None, "test")
    number = store.remove_images(project_id, ids, "bob")
    assert [(one.removed_before, one.removed_after) for one in store.touched(project_id, number)] == [(False, True)] * 2


def test_the_history_is_turned_by_pages_and_by_person(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 3)
    for number, who in zip(ids, ("bob", "Cleo", "bob"), strict=True):
        store.annotate(project_id, [number], "owl", who)
    newest = store.history(project_id, limit=2)
    older = store.history(project_id, limit=9, before_id=newest[-1].id)
    assert [one.who for one in newest + older] == ["bob", "Cleo", "bob", "ann"]
    assert [one.text for one in store.history(project_id, who="bob")] == ["photo 2.png: owl", "photo 0.png: owl"]
    assert store.people(project_id) == ["ann", "bob", "Cleo"]


def test_hundreds_of_changes_go_back_in_moments(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 20 + ["duck"])
    moment = store.history(project_id)[0].id
    before = state(store, project_id)
    for turn in range(15):
        for number in ids[:20]:
            store.annotate(project_id, [number], ("duck", "owl")[turn % 2], "bob")
    started = time.monotonic()
    assert store.roll_back(project_id, moment, "ann").kept == 0
    seconds = time.monotonic() - started
    assert state(store, project_id) == before
    assert seconds < 5  # others wait so long; on a quiet machine it takes a tenth of that


def test_every_write_moves_the_revision_and_no_look_does(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", None])
    seen = [store.revision(project_id)]
    for write in (
        lambda: store.annotate(project_id, ids, "owl", "ann"),
        lambda: store.undo(project_id),
        lambda: store.redo(project_id),
        lambda: store.rename_class(project_id, class_id(store, project_id, "owl"), "barn owl", "ann"),
        lambda: add(store, project_id, 77),
        lambda: store.record_review(project_id, "label error", ["1:1"], "ann"),
        lambda: store.roll_back(project_id, 0, "ann"),
    ):
        write()
        seen.append(store.revision(project_id))
    assert seen == sorted(set(seen))
    store.images(project_id)
    store.history(project_id)
    assert store.revision(project_id) == seen[-1]


def test_a_workspace_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    engine = create_engine(f"sqlite:///{tmp_path / 'workspace' / 'studio.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO projects VALUES (7, 'Birds', 'birds', 'classification', '2026-01-01')"))
        connection.execute(
            text("INSERT INTO changes VALUES (1, 7, 'class added', 'class owl', 'ann', '2026-01-01', 0, 0)")
        )
        connection.commit()
    engine.dispose()
    store = open_store(tmp_path)
    assert [one.name for one in store.projects()] == ["Birds"]
    assert store.revision(7) == 0
    assert [(one.text, one.roll_back) for one in store.history(7)] == [("class owl", None)]
    assert store.roll_back_reach(7, 0).changes == 1


LABELLER = """
import sys, time
from pathlib import Path
from core.data.store.store import Store
from core.workspace import open_workspace

home, project_id, who, label, *ids = sys.argv[1:]
store = Store(open_workspace(Path(home)))
print("ready", flush=True)
for number in ids:
    store.annotate(int(project_id), [int(number)], label, who)
    time.sleep(0.05)
"""


def test_two_processes_that_label_at_once_lose_nothing_and_see_each_other(store: Store, tmp_path: Path) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck", *[None] * 28])
    mine, theirs = ids[2:16], ids[16:]
    arguments = [str(tmp_path / "workspace"), str(project_id), "bob", "duck", *map(str, [*theirs, mine[0]])]
    other = subprocess.Popen([sys.executable, "-c", LABELLER, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()  # both are at work from here on
    seen_while_at_work = set()

    def look() -> None:
        seen_while_at_work.add(sum(one.who == "bob" for one in store.history(project_id, 100)))

    for number in mine:
        store.annotate(project_id, [number], "owl", "ann")
        look()
        time.sleep(0.02)
    while other.poll() is None:
        look()
    other.stdout.close()
    assert other.returncode == 0
    changes = store.history(project_id, 100)
    assert sorted(one.who for one in changes if one.kind == "label") == ["ann"] * (2 + 14) + ["bob"] * 15
    labels = dict(zip(ids, labels_of(store, project_id), strict=True))
    assert {labels[number] for number in mine[1:]} == {"owl"} and {labels[number] for number in theirs} == {"duck"}
    last = next(one for one in changes if mine[0] in store.changed_images(project_id, one.id))
    assert labels[mine[0]] == {"ann": "owl", "bob": "duck"}[last.who]
    assert len(seen_while_at_work) > 1  # what the other process writes is seen while it writes


def test_boxes_go_back_and_forth_with_their_images(store: Store) -> None:
    project = store.create_project("Hens", task="localization", classes=["hen", "cock"])
    ids = [add(store, project.id, number).id for number in range(2)]

    def standing() -> tuple[object, object]:
        return store.boxes(project.id), state(store, project.id)

    store.set_boxes(project.id, ids[0], [BoxRow("hen", 1, 1, 4, 4)], "ann")
    moment, before = store.history(project.id)[0].id, standing()
    store.set_boxes(project.id, ids[0], [BoxRow("hen", 2, 2, 5, 5), BoxRow("cock", 0, 0, 9, 9)], "bob")
    store.set_boxes(project.id, ids[1], [BoxRow("cock", 1, 1, 3, 3)], "bob")
    store.set_boxes(project.id, ids[0], [], "cleo")
    store.annotate(project.id, [ids[1]], "hen", "cleo")
    after = standing()
    assert store.roll_back(project.id, moment, "ann").kept == 0
    assert standing() == before
    assert store.undo_roll_back(project.id, store.roll_backs(project.id)[0].id).kept == 0
    assert standing() == after
