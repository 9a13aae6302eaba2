"""The worksheets: 45 minutes each, answers only in the teacher's copy, and figures that the lessons really show."""

import re
from pathlib import Path

import pandas as pd
import pytest

from core.lessons.family import published
from core.lessons.shipped_results import RESULTS
from core.lessons.titles import LESSONS
from core.lessons.worksheets.all_sheets import WORKSHEETS
from core.lessons.worksheets.printed_page import worksheet_page
from core.lessons.worksheets.worksheet import LESSON_MINUTES, Blank, FillTable, Question, Worksheet
from core.lessons.worksheets.write_pages import write_worksheets


def answers_of(sheet: Worksheet) -> list[str]:
    found = [sheet.early.answer]
    for step in sheet.steps:
        for part in step.parts:
            if isinstance(part, Question):
                found.append(part.answer)
            else:
                found += [cell.answer for row in part.rows for cell in row if isinstance(cell, Blank) and cell.answer]
    return found


def table_after(sheet: Worksheet, first_column: str) -> list[list[str]]:
    """Return the cells of the table whose first column has this name; a row each, without their first cell."""
    tables = [part for step in sheet.steps for part in step.parts if isinstance(part, FillTable)]
    (table,) = [one for one in tables if one.columns[0] == first_column]
    return [[cell.answer if isinstance(cell, Blank) else cell for cell in row[1:]] for row in table.rows]


def results(pattern: str) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in sorted(RESULTS.glob(pattern))], ignore_index=True)


def test_each_lesson_has_a_sheet_of_45_minutes() -> None:
    assert list(WORKSHEETS) == list(LESSONS)
    for name, sheet in WORKSHEETS.items():
        assert sheet.minutes == LESSON_MINUTES, name
        assert sheet.goals and sheet.notes and all(step.do for step in sheet.steps), name
        for step in sheet.steps:
            for part in step.parts:
                if isinstance(part, FillTable):
                    assert {len(row) for row in part.rows} == {len(part.columns)}, (name, step.title)


@pytest.mark.parametrize("name", LESSONS)
def test_answers_are_in_the_teachers_copy_only_and_nothing_is_loaded(name: str) -> None:
    sheet = WORKSHEETS[name]
    pupil, teacher = (worksheet_page(sheet, answers=answers) for answers in (False, True))
    assert "For the teacher" in teacher and "For the teacher" not in pupil
    assert 'class="line"' in pupil and 'class="line"' not in teacher
    for answer in answers_of(sheet):
        if len(answer) > 25:
            assert re.sub(r"[*]", "", answer)[:25] not in re.sub(r"<[^>]+>", "", pupil), answer
    assert teacher.count('class="answer"') == sum(isinstance(p, Question) for s in sheet.steps for p in s.parts) + 1
    for page in (pupil, teacher):
        assert not re.search(r"https?:|src=|url\(|@import|<link", page)


def test_a_text_is_escaped_and_marked() -> None:
    early = Question("1 < 2 & **bold**, *it*", "")
    page = worksheet_page(Worksheet("skips", ("a",), (), early, ("b",)), answers=False)
    assert "1 &lt; 2 &amp; <b>bold</b>, <i>it</i>" in page


def test_the_pages_are_written_whole_and_replaced(tmp_path: Path) -> None:
    first = write_worksheets(tmp_path / "new" / "sheets")
    assert len(first) == 2 * len(LESSONS) == len(list((tmp_path / "new" / "sheets").iterdir()))
    assert first[2].name == "2-skips-worksheet.html"
    assert write_worksheets(tmp_path / "new" / "sheets") == first


def test_the_figures_on_skip_connections_are_those_that_the_lesson_shows() -> None:
    runs = results("skips-*.csv")
    ends = runs[runs["epoch"] == 20]
    one = ends[ends["seed"] == 0].set_index(["kind", "depth"])["error"]
    expected = [[f"{one[kind, depth]:.0%}" for depth in (8, 32, 56)] for kind in ("plain", "residual")]
    assert table_after(WORKSHEETS["skips"], "Training error after epoch 20") == expected
    deep = ends[ends["depth"] == 56].groupby("kind")["error"].agg(["min", "max", "mean"])
    expected = [[f"{value:.0%}" for value in deep.loc[kind]] for kind in ("plain", "residual")]
    assert table_after(WORKSHEETS["skips"], "56 layers, after epoch 20") == expected
    ratio = runs[(runs["depth"] == 56) & (runs["seed"] == 0)].set_index(["kind", "epoch"])
    sizes = ratio["gradient_1"] / ratio["gradient_56"]
    assert (f"{sizes['plain', 0]:,.0f}", f"{1 / sizes['plain', 20]:.0f}") == ("1,575", "32")
    assert (f"{sizes['residual', 0]:.1f}", f"{1 / sizes['residual', 20]:.0f}") == ("1.9", "3")


def test_the_figures_on_transfer_and_augmentation_are_those_that_the_lessons_show() -> None:
    ends = results("transfer-0*.csv").groupby("arm").last()
    shown = table_after(WORKSHEETS["transfer"], "")
    for arm, cells in zip(("scratch", "frozen", "fine-tuned"), shown, strict=True):
        run = ends.loc[arm]
        right = str(run["answers"]).count("r")
        assert cells == [
            f"{run['trained']:,}", f"{run['train_accuracy']:.0%}", f"{run['val_accuracy']:.0%}", str(right)
        ]  # fmt: skip
    few = results("transfer-*.csv").groupby(["arm", "size"])["val_accuracy"].last()
    expected = [[f"{few[arm, size]:.0%}" for size in (5, 10, 18)] for arm in ("scratch", "frozen", "fine-tuned")]
    assert table_after(WORKSHEETS["transfer"], "Validation accuracy") == expected
    runs = results("augmentation-imagenet-*.csv")
    last = runs[(runs["epoch"] == runs["epochs"]) & (runs["seed"] == 0)].set_index("level")
    accuracies = last[["train_accuracy", "val_accuracy"]].to_dict()
    shown = table_after(WORKSHEETS["augmentation"], "After the last epoch")
    for level, cells in zip(("none", "light", "standard"), shown, strict=True):
        train, val = accuracies["train_accuracy"][level], accuracies["val_accuracy"][level]
        assert cells == [f"{train:.0%}", f"{val:.0%}", f"{100 * (train - val):.0f}"]


def test_the_figures_on_preprocessing_and_the_family_are_those_that_the_lessons_show() -> None:
    modes = results("preprocessing-modes-*.csv").set_index(["shape", "mode"])["accuracy"]
    expected = [[f"{modes[shape, mode]:.0%}" for mode in ("crop", "squash", "letterbox")] for shape in (1.0, 3.0)]
    assert table_after(WORKSHEETS["preprocessing"], "Accuracy") == expected
    crops = table_after(WORKSHEETS["preprocessing"], "Width : height")
    assert [row[0] for row in crops] == [f"{(224 / 256) ** 2 / ratio:.0%}" for ratio in (1.0, 1.5, 2.0, 3.0)]
    facts = results("family-facts-*.csv").set_index("arch").to_dict()
    parameters, multiply_adds = facts["parameters"], facts["multiply_adds"]
    top1 = {(one.arch, one.weights): one.top1 for one in published()}
    chain = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    expected = [
        [f"{parameters[arch] / 1e6:.2f}", f"{multiply_adds[arch] / 1e9:.2f}", f"{top1[arch, 'V1']:.2f}%"]
        for arch in chain
    ]
    assert [row[:3] for row in table_after(WORKSHEETS["family"], "")] == expected
    assert table_after(WORKSHEETS["family"], "ResNet-50")[1][2] == f"{top1['resnet50', 'V2']:.2f}%"
