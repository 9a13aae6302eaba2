"""Which runs the pages offer: the project's own, and those that no other project has."""

from core.data.store.store import Project, Store
from pages.components.shared import pickers
from tests.pages.trained import queued_run


def test_the_runs_of_a_deleted_project_are_still_offered_after_the_own_ones(store: Store, birds: Project) -> None:
    other, third = (store.create_project(name, classes=["owl"]) for name in ("Cats", "Dogs"))
    queued_run(store.workspace, store, birds, "20260101-000001-own")
    queued_run(store.workspace, store, other, "20260101-000002-of-a-deleted-project")
    queued_run(store.workspace, store, third, "20260101-000003-of-another-project")
    store.delete_project(other.id)
    assert [run.id for run in pickers._runs(birds)] == ["20260101-000001-own", "20260101-000002-of-a-deleted-project"]
