"""The home page: both ways to start, the next step, the project list, the pretrained network."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.importing.sample_set import SAMPLE_NAME
from core.data.store.store import ImageFilter, Project, Store
from core.runs.folder import RunFolder
from pages.components.home.project_status import ProjectStatus, next_steps
from pages.components.shared.frame import PAGES
from pages.components.shared.wording import split_names
from tests.pages.conftest import OpenPage, add_photo, messages
from tests.pages.trained import finished_run, queued_run


def button(app: AppTest, label: str):  # type: ignore[no-untyped-def]
    return next(one for one in app.button if one.label == label)


def metrics(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def test_an_empty_workspace_offers_the_sample_project_as_the_one_primary_button(open_page: OpenPage) -> None:
    app = open_page()
    assert not messages(app)
    primary = [one.label for one in app.button if one.proto.type == "primary"]
    assert primary == ["Open the sample project"]
    assert not app.selectbox  # no project to choose


def test_one_click_makes_the_sample_project_and_shows_the_next_step(open_page: OpenPage, store: Store) -> None:
    app = open_page()
    button(app, "Open the sample project").click().run()
    assert not messages(app)
    (project,) = store.projects()
    assert store.count(project.id) == 162
    assert store.count(project.id, ImageFilter(unlabelled=True)) == 42
    assert metrics(app) == {"Photos": "162", "Labelled": "120", "Classes": "5", "Runs": "0"}
    assert button(app, "Train your first model").proto.type == "primary"
    assert app.query_params["project"] == str(project.id)


def test_a_project_of_ones_own_is_made_with_its_classes(open_page: OpenPage, store: Store) -> None:
    app = open_page()
    next(one for one in app.text_input if one.label == "Name").set_value("Leaves")
    next(one for one in app.text_input if one.label.startswith("Classes")).set_value("oak, birch; oak ,maple")
    button(app, "Create project").click().run()
    assert not messages(app)
    (project,) = store.projects()
    assert project.name == "Leaves"
    assert [one.name for one in store.classes(project.id)] == ["oak", "birch", "maple"]


@pytest.mark.parametrize("name", ["", "   ", "Birds"])
def test_an_empty_or_taken_name_is_a_plain_sentence(
    open_page: OpenPage, birds: Project, store: Store, name: str
) -> None:
    app = open_page()
    next(one for one in app.text_input if one.label == "Name").set_value(name)
    button(app, "Create project").click().run()
    (sentence,) = messages(app)
    assert "name" in sentence
    assert "Something went wrong" not in sentence
    assert len(store.projects()) == 1


def test_another_project_can_be_opened_and_stays_open_after_a_reload(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    other = store.create_project("Leaves")
    app = open_page()
    assert app.header[0].value == "Leaves"  # the newest one
    app.button(key=f"open-{birds.id}").click().run()
    assert app.header[0].value == "Birds"
    assert app.query_params["project"] == str(birds.id)
    assert open_page(project=str(birds.id)).header[0].value == "Birds"
    assert open_page(project=str(other.id)).header[0].value == "Leaves"


@pytest.mark.parametrize("address", ["999", "x", "-1", "1e9", "9" * 40])
def test_an_address_that_names_no_project_falls_back_to_one_that_is_there(
    open_page: OpenPage, birds: Project, address: str
) -> None:
    app = open_page(project=address)
    assert not messages(app)
    assert app.header[0].value == "Birds"


def test_a_project_is_deleted_only_after_a_question(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page()
    app.button(key=f"delete-{birds.id}").click().run()
    assert len(store.projects()) == 1
    app.button(key="delete-now").click().run()
    assert not messages(app)
    assert store.projects() == []


def test_a_project_is_renamed(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = open_page()
    app.button(key=f"rename-{birds.id}").click().run()
    app.text_input(key="project-name").set_value("Owls *and* ducks")
    app.button(key="rename-now").click().run()
    assert store.project(birds.id).name == "Owls *and* ducks"
    assert any("Owls \\*and\\* ducks" in one.value for one in app.markdown)


def test_the_page_opens_without_weights_and_offers_to_fetch_them(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no weights"))
    app = open_page()
    assert not messages(app)
    assert any("not downloaded yet" in one.value for one in app.markdown)
    # No source can be reached: all of them are asked through a proxy that is not there.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "npm_config_registry", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    button(app, "Download the pretrained network").click().run()
    assert not messages(app)
    (told,) = [one.value for one in app.warning if "could not be downloaded" in one.value]
    assert "none of its sources can be reached. Connect to the internet and try again" in told.replace("\\", "")


def test_a_disk_that_takes_no_weights_is_not_told_as_a_lack_of_internet(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "file" / "weights"))
    app = open_page()
    button(app, "Download the pretrained network").click().run()
    assert not messages(app)
    (told,) = [one.value.replace("\\", "") for one in app.warning if "could not be downloaded" in one.value]
    assert "cannot be written (Not a directory). Set RESNET_STUDIO_WEIGHTS to a folder" in told
    assert "internet" not in told


def test_an_unwritable_workspace_is_a_plain_sentence(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "file" / "workspace"))
    (sentence,) = messages(open_page())
    assert "cannot be written" in sentence


def test_every_page_carries_the_same_navigation(open_page: OpenPage, birds: Project) -> None:
    seen = []
    for name in ("Home", "Data", "Annotate"):
        app = open_page(name)
        assert not messages(app), name
        seen.append([link.proto.label for link in app.sidebar.get("page_link")])
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][:3] == ["Home", "Data", "Annotate"]
    assert seen[0] == [place.name or title for title, place in PAGES.items() if title != "Class"]
    assert "Predict and explain" in seen[0]  # a person looks for "Predict"


def test_the_name_is_kept_in_the_address_and_stands_beside_labels(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page(name="Ana")
    assert next(one for one in app.text_input if one.label == "Your name").value == "Ana"
    other = open_page()
    next(one for one in other.text_input if one.label == "Your name").set_value("Bo").run()
    assert other.query_params["name"] == "Bo"


def standing(**changes: int | bool) -> ProjectStatus:
    usual = {"photos": 9, "labelled": 9, "trainable_classes": 2, "classes": 2, "runs": 0, "live_runs": 0, "models": 0}
    return ProjectStatus(**(usual | changes))


@pytest.mark.parametrize(
    ("now", "pages"),
    [
        (standing(photos=0, labelled=0, trainable_classes=0), ["Data"]),
        (standing(labelled=1, trainable_classes=0), ["Annotate"]),
        (standing(trainable_classes=1), ["Annotate"]),
        (standing(), ["Train"]),
        (standing(photos=12), ["Train", "Annotate"]),
        (standing(runs=1, live_runs=1), ["Train"]),
        (standing(runs=1, models=1), ["Evaluate", "Explain"]),
        (standing(boxed=True, labelled=2, trainable_classes=1), ["Annotate"]),
        (standing(boxed=True, trainable_classes=1), ["Train"]),
    ],
)
def test_the_next_step_follows_from_what_is_there(now: ProjectStatus, pages: list[str]) -> None:
    assert [step.page for step in next_steps(now)] == pages


def test_a_likely_typo_is_the_first_step_and_leads_to_the_classes(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    """Home, Annotate and Train said only "Add photos" for the one photo of "daisyy"."""
    more = [add_photo(store, birds, f"falcon {number}.png") for number in range(11)]
    for name in ("falcon", "flacon"):
        store.add_class(birds.id, name, "ann")
    store.annotate(birds.id, more[:-1], "falcon", "ann")
    store.annotate(birds.id, more[-1:], "flacon", "ann")
    app = open_page()
    assert not messages(app)
    assert button(app, "Merge classes").proto.type == "primary"
    assert any("Is **flacon** (1 photo) the same class as **falcon** (10 photos)?" in one.value for one in app.markdown)
    button(app, "Merge classes").click().run()
    assert app.session_state["annotate-section"] == "Classes"


def test_home_shows_the_figure_of_the_report_and_the_verdict(
    open_page: OpenPage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Home showed the best figure during training, and Evaluate another one a click later."""
    run = finished_run(tmp_path_factory)
    report = run.report("val")
    assert report is not None and report.accuracy.value is not None
    app = open_page(project=str(run.status().project_id))
    assert not messages(app)
    (line,) = [one.value for one in app.caption if "validation accuracy" in one.value]
    assert f"2 epochs · validation accuracy {report.accuracy.value:.0%} (" in line and "than guessing)" in line


def test_class_names_are_split_at_commas_and_semicolons_each_once() -> None:
    assert split_names(" owl, barn owl;owl ,, ") == ["owl", "barn owl"]
    assert split_names("") == []


def test_the_project_deleted_in_another_tab_does_not_break_this_one(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    add_photo(store, birds, "more.png")
    app = open_page()
    store.delete_project(birds.id)
    app.run()
    assert not messages(app)
    assert button(app, "Open the sample project").proto.type == "primary"


def test_a_sample_project_that_was_left_half_made_says_so_and_is_completed(open_page: OpenPage, store: Store) -> None:
    project = store.create_project(SAMPLE_NAME)
    add_photo(store, project, "first.png")
    app = open_page()
    assert "incomplete" in app.warning[0].value
    button(app, "Complete it").click().run()
    assert not messages(app)
    assert not app.warning
    assert store.history(project.id)
    assert store.count(project.id) == 163


# Lost files, and the runs of a deleted project


def test_lost_photos_are_told_on_home_until_they_are_there_again(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    assert not open_page().warning
    rows = store.images(birds.id)
    for row in rows[:5]:
        store.image_path(row.hash).write_bytes(b"")
    missing = store.image_path(rows[5].hash)
    missing.rename(missing.with_suffix(".away"))
    store.annotate(birds.id, [rows[0].id], "owl", "ann")
    app = open_page()
    assert not messages(app)
    [warning] = app.warning
    assert "**6 photos cannot be used** (5 empty, 1 missing on the disk): owl 0" in warning.value
    assert "and 3 more" in warning.value and "`python -m core check`" in warning.value


def test_a_lost_database_is_told_with_how_to_go_on(open_page: OpenPage, birds: Project, store: Store) -> None:
    store.close()
    for path in store.workspace.root.glob("studio.db*"):
        path.unlink()
    [message] = messages(open_page())
    assert "studio.db is missing, but" in message and "check --repair" in message
    assert not (store.workspace.root / "studio.db").exists()


def test_the_question_before_deleting_says_where_the_runs_remain(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    app = open_page()
    app.button(key=f"delete-{birds.id}").click().run()
    assert any(one.value == "It has no runs." for one in app.markdown)
    run = stopped_run(store, birds)
    app = open_page()
    app.button(key=f"delete-{birds.id}").click().run()
    assert app.checkbox(key="delete-runs").label == "Delete its 1 run too, with the trained models"
    assert any("it stays, with the photos that were used for training" in one.value for one in app.markdown)
    app.button(key="delete-now").click().run()
    assert not messages(app) and store.projects() == []
    assert run.path.is_dir()
    assert all(Path(path).is_file() for path in run.snapshot().frame["path"])


def test_the_runs_of_a_project_are_deleted_with_it_if_asked(open_page: OpenPage, birds: Project, store: Store) -> None:
    run = stopped_run(store, birds)
    app = open_page()
    app.button(key=f"delete-{birds.id}").click().run()
    app.checkbox(key="delete-runs").check()
    app.button(key="delete-now").click().run()
    assert not messages(app) and store.projects() == []
    assert not run.path.exists()
    assert [path for path in store.workspace.images.rglob("*") if path.is_file()] == []


def stopped_run(store: Store, project: Project) -> RunFolder:
    """A run of the project that has ended."""
    run = queued_run(store.workspace, store, project)
    run.write_status(state="stopped", pid=None, process_started=None)
    return run
