"""Names that mean harm are drawn letter by letter: every text of every page and section is looked through."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from core.runs.folder import RunFolder
from core.workspace import REPOSITORY, open_workspace
from pages.components.data.add_photos import SERVER
from pages.components.shared import charts
from pages.components.shared.wording import SPLIT, chart_text, plain
from tests.pages import hostile
from tests.pages.annotate.browser_desk import give, view
from tests.pages.conftest import OpenPage, messages, read

# What Streamlit draws as it is, by element: the browser test looks at it.
AS_IT_IS = {
    "selectbox": {"options", "raw_value", "default"},
    "multiselect": {"options", "raw_values", "default"},
    "text_input": {"default", "value", "placeholder"},
    "text_area": {"default", "value"},
    "arrow_data_frame": {"columns"},
    "dataframe": {"columns"},
    "bidi_component": {"data", "json", "mixed", "js_content", "html_content", "css_content", "component_name"},
    "code": {"code_text"},
    "text": {"body"},
}
NOT_DRAWN = {"id", "element_id", "form_id", "key", "query_string", "url", "page_script_hash", "icon", "alt"}


def drawn_texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Every text that Streamlit reads as Markdown or HTML, with the element and the field that hold it."""
    for node in app._tree:
        proto = getattr(node, "proto", None)
        if proto is not None and hasattr(proto, "ListFields"):
            for path, text in _strings(proto):
                fields = set(path)
                if not fields & NOT_DRAWN and not fields & AS_IT_IS.get(node.type, set()):
                    yield f"{node.type} {'.'.join(path)}", text
    for table in app.table:  # st.table reads Markdown in its cells
        for text in table.value.astype(str).to_numpy().ravel():
            yield "table", text


def _strings(message: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for field, value in message.ListFields():
        here = (*path, field.name)
        for one in value if field.is_repeated and not isinstance(value, str) else [value]:
            if isinstance(one, str):
                yield here, one
            elif hasattr(one, "ListFields"):
                yield from _strings(one, here)


def raw_fragments(text: str) -> list[str]:
    """The fragments that stand in the text without a backslash before them."""
    return [one for one in hostile.FRAGMENTS if re.search(r"(?<!\\)" + re.escape(one), text)]


def unescaped(app: AppTest) -> list[str]:
    """The fragments of hostile names that stand somewhere as they are."""
    found = []
    for where, text in drawn_texts(app):
        if where.startswith("plotly_chart"):
            wrong = [one for one in ("<b>x</b>", "<a href", "$x$", "&amp;") if one in text]
        else:
            wrong = raw_fragments(text)
        found += [f"{where}: {one} in {text[:200]!r}" for one in wrong]
    return found


@pytest.fixture
def names(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """The hostile workspace, made once; its projects by name."""
    template = tmp_path_factory.getbasetemp() / "hostile-workspace"
    if not template.exists():
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        hostile.make_workspace(open_workspace(template))
        torch.set_num_threads(threads)
    shutil.copytree(template, home, dirs_exist_ok=True)
    store = Store(open_workspace())
    found = {one.name: one for one in store.projects()}
    store.close()
    return found


def test_what_a_person_reads_is_the_name_itself() -> None:
    for name in (*hostile.FRAGMENTS, *hostile.CLASSES, hostile.PROJECT, hostile.RUN, hostile.FILE):
        assert read(plain(name)) == name
        assert not raw_fragments(plain(name))


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("snow_leopard_x", r"snow\_leopard\_x"),
        (":material/home:", r"\:material\/home\:"),
        (":material_home:", rf"\:{SPLIT}material\_home\:"),
        ("http://evil.test", rf"http{SPLIT}\:\/\/evil\.test"),
        ("www.evil.test", rf"www{SPLIT}\.evil\.test"),
        ("me@evil.test", rf"me@{SPLIT}evil\.test"),
        ("a -> b", rf"a \-{SPLIT}\> b"),
        ("check --repair", r"check \-\-repair"),
        (" two\n\n    lines ", "two lines"),
    ],
)
def test_what_streamlit_finds_after_the_escapes_are_gone_is_split(name: str, escaped: str) -> None:
    assert plain(name) == escaped


def test_a_chart_gets_entities_and_no_tags() -> None:
    assert chart_text("<b>$x$ &amp; %{y}") == "&#60;b&#62;&#36;x&#36; &#38;amp; &#37;&#123;y&#125;"
    figure = charts.probability_bars([("<b>x</b>", 0.9), ("owl", 0.1)], charts.LIGHT)
    assert list(figure.layout.yaxis.ticktext) == ["owl", "&#60;b&#62;x&#60;/b&#62;"]
    assert "<b>" not in str(figure.data[0].customdata)


def test_an_error_is_escaped_wherever_it_is_shown(home: Path) -> None:
    def page() -> None:
        import streamlit as st

        from core.errors import DataError
        from pages.components.shared.dialogs import closing_button
        from pages.components.shared.errors import action, plain_errors, show_notes

        def fail() -> None:
            raise DataError("There is no class <b>x</b> ![x](https://evil.test/a.png) :material/home: a*b*c.")

        show_notes()
        with plain_errors():
            st.button("Press", on_click=action(fail))
            closing_button("Close", fail)
            fail()

    app = AppTest.from_function(page).run()
    assert len(app.error) == 1 and not unescaped(app)
    app.button[0].click().run()
    assert len(app.toast) == 1 and not unescaped(app)
    app.button[1].click().run()
    assert len(app.error) >= 1 and "There is no class <b>x</b>" in messages(app)[0] and not unescaped(app)


def test_no_page_shows_an_error_as_it_is() -> None:
    """``st.error(str(error))`` is the shape in which this fault came back again and again."""
    wrong = []
    for path in [REPOSITORY / "app.py", *sorted((REPOSITORY / "pages").rglob("*.py"))]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if ast.unparse(call.func.value) == "log":  # not on a page
                continue
            raw = [one for one in call.args if ast.unparse(one) in ("str(error)", "error", "error.reason")]
            if raw and call.func.attr in {
                "error",
                "warning",
                "info",
                "toast",
                "caption",
                "markdown",
                "notify",
                "write",
            }:
                wrong.append(f"{path.relative_to(REPOSITORY)}:{call.lineno} {ast.unparse(call)}")
    assert not wrong, "\n".join(wrong)


def _choose(key: str, value: str) -> Callable[[AppTest], None]:
    def chosen(app: AppTest) -> None:
        kinds = (app.segmented_control, app.pills, app.selectbox, app.text_input)
        next(one for kind in kinds for one in kind if one.key == key).set_value(value).run()

    return chosen


def _choose_rule(rule: str) -> Callable[[AppTest], None]:
    return _choose("group-rule", rule)


def _set(key: str, value: Any) -> Callable[[AppTest], None]:
    def put(app: AppTest) -> None:
        app.session_state[key] = value
        app.run()

    return put


def _give_the_first_class(app: AppTest) -> None:
    give(app, view(app)["classes"][0]["name"])


def _press(start: str) -> Callable[[AppTest], None]:
    def press(app: AppTest) -> None:
        next(one for one in app.button if (one.key or "").startswith(start) or one.label == start).click().run()

    return press


def _read_upload(app: AppTest) -> None:
    folder = hostile.write_upload(Path(open_workspace().root).parent / "# x snow_leopard_x <b>x")
    _choose("data-section", "Add photos")(app)
    app.segmented_control(key="add-way").set_value(SERVER).run()
    app.text_input(key="add-folder").set_value(str(folder))
    next(one for one in app.button if one.label == "Read folder").click().run()


def _predict(app: AppTest) -> None:
    folder = hostile.write_upload(Path(open_workspace().root).parent / "upload")
    app.file_uploader[0].set_value(("# x <b>x</b>.zip", hostile.zip_of(folder), "application/zip")).run()
    app.button(key="batch-go").click().run()


def _first_row(key: str) -> Callable[[AppTest], None]:
    return _set(key, {"selection": {"rows": [0], "columns": [], "cells": []}})


def _newest_change(app: AppTest) -> None:
    store = Store(open_workspace())
    project = app.session_state["project_id"]
    change = store.history(project, 1)[0].id
    store.close()
    _set(f"history-chosen-{project}", change)(app)


def _first_photo(app: AppTest) -> None:
    predictions = RunFolder(open_workspace().runs / hostile.RUN_ID).predictions("val")
    assert predictions is not None
    image = str(predictions["image"].iloc[0])
    _set(f"photos-{hostile.RUN_ID}-val-wall-1", {"chosen": [image]})(app)
    assert [one for one in app.caption if "Label in this run" in one.value]


def _exam_of_a_person(app: AppTest) -> None:
    assert [one for one in app.markdown if "Final exam: look 1 at these photos** by" in one.value]


def _switch(key: str) -> Callable[[AppTest], None]:
    def on(app: AppTest) -> None:
        app.toggle(key=key).set_value(True).run()

    return on


SECTIONS: dict[str, tuple[str, str, list[Callable[[AppTest], None]]]] = {
    "home": ("Home", hostile.PROJECT, []),
    "home, lost photos": ("Home", hostile.LOST_PROJECT, []),
    "photos": ("Data", hostile.PROJECT, []),
    "add photos": ("Data", hostile.PROJECT, [_read_upload]),
    "splits": ("Data", hostile.PROJECT, [_choose("data-section", "Splits and sizes")]),
    "groups": ("Data", hostile.PROJECT, [_choose("data-section", "Groups"), _choose_rule("first-folder")]),
    "groups from tags": ("Data", hostile.PROJECT, [_choose("data-section", "Groups"), _choose_rule("tags")]),
    "download labels": ("Data", hostile.LOST_PROJECT, [_choose("data-section", "Download labels")]),
    **{
        f"check labels, {check}": (
            "Data",
            hostile.PROJECT,
            [_choose("data-section", "Check labels"), _choose("check-which", check)],
        )
        for check in ("Likely label errors", "Near-duplicates", "Image quality", "Annotators")
    },
    "annotate": ("Annotate", hostile.PROJECT, [_give_the_first_class]),
    **{
        f"annotate, {section}": ("Annotate", hostile.PROJECT, [_choose("annotate-section", section)])
        for section in ("Many at once", "Similar", "Map", "Classes")
    },
    "annotate, History": ("Annotate", hostile.PROJECT, [_choose("annotate-section", "History"), _newest_change]),
    "boxes": ("Annotate", hostile.BOX_PROJECT, []),
    "train": ("Train", hostile.PROJECT, []),
    "train, table": ("Train", hostile.PROJECT, [_choose("runs-view", "Table"), _first_row("runs-table-This project-")]),
    "train, run": (f"Train {hostile.RUN_ID}", hostile.PROJECT, []),
    "train, failed run": (f"Train {hostile.FAILED_ID}", hostile.PROJECT, []),
    "train, no run": ("Train <b>x</b> :material_home:", hostile.PROJECT, []),
    **{
        f"evaluate, {view}": (f"Evaluate {hostile.RUN_ID}", hostile.PROJECT, [_choose("evaluate-view", view)])
        for view in ("Confusion matrix", "Mistakes", "Per class", "Cross-validation", "Compare runs")
    },
    "evaluate, All photos": (
        f"Evaluate {hostile.RUN_ID}",
        hostile.PROJECT,
        [_choose("evaluate-view", "All photos"), _first_photo],
    ),
    "evaluate, exam": (
        f"Evaluate {hostile.OTHER_ID}",
        hostile.PROJECT,
        [_choose(f"split-{hostile.OTHER_ID}", "test"), _exam_of_a_person],
    ),
    "evaluate, several photos": (
        f"Evaluate {hostile.RUN_ID}",
        hostile.PROJECT,
        [_choose("evaluate-view", "All photos"), _switch(f"photos-{hostile.RUN_ID}-val-several")],
    ),
    "evaluate, before the exam": (
        f"Evaluate {hostile.RUN_ID}",
        hostile.PROJECT,
        [_choose(f"split-{hostile.RUN_ID}", "test")],
    ),
    "evaluate, what changed": (f"Evaluate {hostile.OTHER_ID}", hostile.PROJECT, []),
    "evaluate, boxes": (f"Evaluate {hostile.BOX_RUN_ID}", hostile.BOX_PROJECT, []),
    "explain": ("Explain", hostile.PROJECT, []),
    "explain, check": ("Explain", hostile.PROJECT, [_choose("explain-closer", "Check this heatmap")]),
    **{
        f"explain, {view}": ("Explain", hostile.PROJECT, [_choose("explain-view", view)])
        for view in ("Cover it yourself", "Compare two runs", "What a class is made of")
    },
    "explain, many photos": ("Explain", hostile.PROJECT, [_choose("explain-view", "Predict many photos"), _predict]),
    "export": (
        "Export",
        hostile.PROJECT,
        [_choose("export-view", name) for name in ("Web page", "Share a demo", "Tables")],
    ),
}


@pytest.mark.parametrize(("page", "project"), dict.fromkeys(each[:2] for each in SECTIONS.values()))
def test_no_page_or_section_draws_a_name_as_markdown(
    open_page: OpenPage, names: dict[str, Project], page: str, project: str
) -> None:
    """A page is opened once, and its sections one after the other in it."""
    name, _, run = page.partition(" ")
    query = {"project": str(names[project].id), "name": hostile.PEOPLE[0]} | ({"run": run} if run else {})
    app = open_page(name, **query)
    assert not unescaped(app)
    for section, (*place, steps) in SECTIONS.items():
        if place == [page, project]:
            for step in steps:
                step(app)
                assert not unescaped(app), section
            assert not app.exception, section
            assert not [one for one in messages(app) if "Something went wrong" in one], section
