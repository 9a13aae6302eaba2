"""The table of all runs: search, figures, a note."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.store.store import Store
from core.runs.folder import RunFolder
from core.runs.table import run_rows
from pages.components.train import verdict_view
from pages.components.train.runs_table import matching, table_of
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def test_every_word_of_a_search_must_be_found(run: RunFolder, store: Store) -> None:
    (row,) = run_rows(store.workspace)
    other = replace(row, title="Owls at night", note="More layers than before", arch="resnet101")
    rows = [row, other]
    assert matching(rows, "") == rows
    assert matching(rows, "LAYERS owls") == [other]
    assert matching(rows, "resnet-101") == [other]
    assert matching(rows, "owls day") == []


def test_a_row_shows_the_figure_with_its_photos(run: RunFolder, store: Store) -> None:
    report = run.report("val")
    assert report is not None and report.accuracy.value is not None
    table = table_of(run_rows(store.workspace), store.workspace, with_project=True)
    assert table.loc[0, "Validation"] == pytest.approx(100 * report.accuracy.value)
    assert table.loc[0, "Validation photos"] == report.n
    assert table.loc[0, "Verdict"] in ("Better than guessing", "Not clearly better than guessing")
    assert "Project" not in table_of(run_rows(store.workspace), store.workspace)


def test_the_verdict_of_a_run_is_worked_out_once_for_each_report(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[RunFolder] = []
    real = verdict_view.verdict_of
    monkeypatch.setattr(verdict_view, "verdict_of", lambda run, report: judged.append(run) or real(run, report))
    first = verdict_view.words_of(run)
    assert first and verdict_view.words_of(run) == first and len(judged) == 1
    path = run.report_path("val")
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert verdict_view.words_of(run) == first and len(judged) == 2
    path.unlink()
    assert verdict_view.words_of(run) == ""


def test_a_note_is_written_to_the_selected_run(open_page: OpenPage, run: RunFolder) -> None:
    copy = RunFolder(shutil.copytree(run.path, run.path.with_name("20250101-copy")))
    copy.write_status(title="The second")
    app = open_page("Train")
    app.segmented_control(key="runs-view").set_value("Table").run()
    assert not messages(app)
    assert app.dataframe[0].value["Name"].tolist() == ["First colors", "The second"]
    app.text_input(key="runs-search").set_value("second").run()
    assert app.dataframe[0].value["Name"].tolist() == ["The second"]
    app.session_state["runs-table-This project-second"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    app.text_area(key=f"note-{copy.id}").set_value("Try again with 8 epochs.").run()
    app.button(key=f"save-note-{copy.id}").click().run()
    assert not messages(app)
    assert copy.status().note == "Try again with 8 epochs."
