"""Label Studio: choices and regions as people export them, file names, several annotators, and the short forms."""

from pathlib import Path
from typing import Any

import pytest

from core.data.importing.plan_import import plan_folder
from core.data.pictures.box import Box
from tests.data.importing.formats.tools.data_sets import (
    asked,
    boxes,
    classes,
    photo,
    problems,
    remarks,
    splits,
    write_files,
)

SIDES = {"x": 10, "y": 20, "width": 30, "height": 40}


def choice(*chosen: str, control: str = "choice") -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": "choices", "value": {"choices": list(chosen)}}


def region(label: str = "dog", size: tuple[int, int] | None = (100, 50), **value: Any) -> dict[str, Any]:
    """A rectangle in percent."""
    shown = {"original_width": size[0], "original_height": size[1]} if size else {}
    place = {**SIDES, "rotation": 0, "rectanglelabels": [label], **value}
    return {"id": "r1", "from_name": "label", "to_name": "image", "type": "rectanglelabels", **shown, "value": place}


def shape(kind: str, label: str = "dog", **value: Any) -> dict[str, Any]:
    size = {"original_width": 100, "original_height": 50}
    return {"id": "s1", "from_name": "label", "type": kind, **size, "value": {**value, kind: [label]}}


def annotation(*results: dict[str, Any], by: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": 5, "completed_by": by, "was_cancelled": False, "result": list(results), **more}


def task(name: str, *annotations: dict[str, Any], number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": number, "data": {"image": name}, "annotations": list(annotations), "predictions": [], **more}


def plan_of(folder: Path, *tasks: dict[str, Any], answers: dict[str, str] | None = None, **photos: bytes) -> Any:
    found = photos or {"a": photo()}
    files = {f"images/{name}.png": data for name, data in found.items()}
    return plan_folder(write_files(folder, {**files, "project-1.json": list(tasks)}), answers=answers or {})


def test_choices_are_the_classes_of_photos(tmp_path: Path) -> None:
    tasks = [
        task("/data/upload/1/0a1b2c3d-a.png", annotation(choice("cat"))),
        task("/data/upload/1/deadbeef-b.png", annotation(choice("dog")), number=2),
        task("/data/upload/1/12345678-c.png", number=3),
    ]
    plan = plan_of(tmp_path, *tasks, a=photo(), b=photo(seed=2), c=photo(seed=3))
    assert classes(plan) == {"a.png": "cat", "b.png": "dog", "c.png": None}
    assert not plan.problems and not plan.refused and not plan.questions


def test_rectangles_in_percent_become_pixels(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(region())))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]}
    assert not plan.problems and not plan.questions


def test_percentages_of_a_photo_that_was_reduced_since_are_those_of_the_photo(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(region(size=(400, 200)))))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]} and not plan.questions


def test_percentages_of_a_photo_of_another_shape_are_asked(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(region(size=(300, 300)))))
    assert asked(plan) == ["box-size"]


def test_small_boxes_in_percent_are_not_taken_for_fractions(tmp_path: Path) -> None:
    tiny = region(x=0.1, y=0.1, width=0.5, height=0.5)
    plan = plan_of(tmp_path, task("a.png", annotation(tiny)))
    assert boxes(plan) == {"a.png": [("dog", 0.1, 0.05, 0.5, 0.25)]} and not plan.questions


@pytest.mark.parametrize(("size", "box"), [((50, 100), ("dog", 5, 20, 15, 40)), ((100, 50), ("dog", 20, 10, 20, 30))])
def test_the_size_tells_whether_a_turned_photo_was_upright(
    tmp_path: Path, size: tuple[int, int], box: tuple[str, float, float, float, float]
) -> None:
    tasks = [task("a.jpg", annotation(region(size=size)))]
    plan = plan_folder(write_files(tmp_path, {"images/a.jpg": photo(100, 50, orientation=6), "p.json": tasks}))
    assert boxes(plan) == {"a.jpg": [box]} and not plan.questions


def test_percentages_of_a_photo_that_is_read_at_reduced_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data.limited import stored_size

    monkeypatch.setattr(stored_size, "MAX_PIXELS", 2_000)
    files = {"images/a.jpg": photo(100, 50, orientation=1), "p.json": [task("a.jpg", annotation(region()))]}
    plan = plan_folder(write_files(tmp_path, files))
    assert boxes(plan) == {"a.jpg": [("dog", 5, 5, 15, 10)]} and not plan.questions


def test_without_a_size_the_turned_photo_is_asked(tmp_path: Path) -> None:
    tasks = [task("a.jpg", annotation(region(size=None)))]
    plan = plan_folder(write_files(tmp_path, {"images/a.jpg": photo(100, 50, orientation=6), "p.json": tasks}))
    assert asked(plan) == ["box-orientation"]


def test_turned_rectangles_polygons_and_ellipses_are_the_boxes_around_them(tmp_path: Path) -> None:
    turned = region(size=(100, 100), x=50, y=50, width=20, height=10, rotation=90)
    polygon = shape("polygonlabels", points=[[10, 10], [30, 10], [20, 50]])
    ellipse = shape("ellipselabels", x=50, y=50, radiusX=10, radiusY=20, rotation=0)
    plan = plan_of(
        tmp_path,
        task("a.png", annotation(turned)),
        task("b.png", annotation(polygon, ellipse), number=2),
        a=photo(100, 100),
        b=photo(seed=2),
    )
    assert boxes(plan) == {
        "a.png": [("dog", 40, 50, 10, 20)],
        "b.png": [("dog", 10, 5, 20, 20), ("dog", 40, 15, 20, 20)],
    }
    assert remarks(plan) == [
        "project-1.json: 1 turned box is read as the box around it: images/a.png",
        "project-1.json: 1 polygon is read as the box around it: images/b.png",
        "project-1.json: 1 ellipse is read as the box around it: images/b.png",
    ]


def test_masks_and_points_are_skipped_and_that_is_a_problem(tmp_path: Path) -> None:
    brush = shape("brushlabels", format="rle", rle=[1, 2, 3])
    point = shape("keypointlabels", x=10, y=10, width=0.5)
    plan = plan_of(tmp_path, task("a.png", annotation(brush, point, region())))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]}
    assert problems(plan) == [
        "project-1.json: 1 brushlabels is skipped, because it marks no box: images/a.png",
        "project-1.json: 1 keypointlabels is skipped, because it marks no box: images/a.png",
    ]


def test_a_rectangle_and_its_labels_are_one_box(tmp_path: Path) -> None:
    size = {"original_width": 100, "original_height": 50, "id": "x"}
    alone = {**size, "type": "rectangle", "from_name": "box", "value": SIDES}
    labels = {**size, "type": "labels", "from_name": "kind", "value": {**SIDES, "labels": ["dog"]}}
    plan = plan_of(tmp_path, task("a.png", annotation(alone, labels)))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]} and not plan.problems


def test_a_region_without_a_class_or_with_two_is_skipped(tmp_path: Path) -> None:
    alone = {"type": "rectangle", "id": "x", "original_width": 100, "original_height": 50, "value": SIDES}
    two = region(rectanglelabels=["dog", "cat"])
    plan = plan_of(tmp_path, task("a.png", annotation(alone, two)))
    assert boxes(plan) == {"a.png": []}
    assert problems(plan) == [
        "project-1.json, task 1, region 1: it has no class, so it is skipped",
        "project-1.json, task 1, region 1: it has 2 classes; a box has one class here, so it is skipped",
    ]


def test_a_choice_about_a_region_is_not_the_class_of_the_photo(tmp_path: Path) -> None:
    about = {"id": "r1", "type": "choices", "from_name": "state", "value": {**SIDES, "choices": ["broken"]}}
    plan = plan_of(tmp_path, task("a.png", annotation(region(), about)))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]} and classes(plan) == {"a.png": "dog"}
    assert not problems(plan) and "1 choice about a region is not used" in remarks(plan)[0]


def test_a_photo_turned_in_label_studio_has_no_clear_place(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation({**region(), "image_rotation": 90})))
    assert boxes(plan) == {"a.png": []} and "was turned in Label Studio" in problems(plan)[0]


def test_cancelled_annotations_and_predictions_are_no_labels(tmp_path: Path) -> None:
    cancelled = annotation(choice("cat"), was_cancelled=True)
    predicted = {"model_version": "1", "result": [choice("dog")]}
    plan = plan_of(
        tmp_path,
        task("a.png", cancelled),
        task("b.png", number=2, predictions=[predicted]),
        a=photo(),
        b=photo(seed=2),
    )
    assert classes(plan) == {"a.png": None, "b.png": None} and not problems(plan)
    assert remarks(plan) == [
        "project-1.json: 1 annotation was cancelled and is no label: images/a.png",
        "project-1.json: 1 photo has predictions of a model, which are no labels: images/b.png",
    ]


def test_several_choices_for_a_photo_are_a_problem(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(choice("cat", "dog"))))
    assert classes(plan) == {"a.png": None}
    assert problems(plan) == [
        'project-1.json, task 1: images/a.png has 2 classes, "cat", "dog"; a photo has one class here, so none is used'
    ]


def test_of_two_questions_about_a_photo_one_is_chosen(tmp_path: Path) -> None:
    one = annotation(choice("cat", control="animal"), choice("sunny", control="weather"))
    plan = plan_of(tmp_path / "a", task("a.png", one))
    assert asked(plan) == ["label-studio-choice"] and classes(plan) == {"a.png": None}
    (question,) = plan.questions
    assert [(each.key, each.rows) for each in question.choices] == [
        ("animal", (("images/a.png", "cat"),)),
        ("weather", (("images/a.png", "sunny"),)),
        ("(none)", ()),
    ]
    plan = plan_of(tmp_path / "b", task("a.png", one), answers={"label-studio-choice": "weather"})
    assert classes(plan) == {"a.png": "sunny"} and not plan.questions


# Several annotators


def test_an_answer_to_another_question_than_that_of_the_class_is_not_lost_in_silence(tmp_path: Path) -> None:
    tasks = [
        task("a.png", annotation(choice("cat", control="class"))),
        task("b.png", annotation(choice("dog", control="old class")), number=2),
    ]
    plan = plan_of(tmp_path, *tasks, a=photo(), b=photo(seed=2))
    assert classes(plan) == {"a.png": "cat", "b.png": None} and not plan.questions
    assert problems(plan) == [
        'project-1.json: 1 photo has an answer, but none to "class", which gives the class: images/b.png'
    ]


def test_annotators_who_agree_give_the_class(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(choice("cat")), annotation(choice("cat"), by=2)))
    assert classes(plan) == {"a.png": "cat"}
    assert not problems(plan)
    assert remarks(plan) == ["1 photo was labelled by several people, who agree: images/a.png"]


def test_labels_of_annotators_who_differ_are_kept_as_theirs(tmp_path: Path) -> None:
    two = (annotation(choice("cat")), annotation(choice("dog"), by={"id": 7, "email": "bo@example.com"}))
    plan = plan_of(tmp_path, task("a.png", *two))
    assert classes(plan) == {"a.png": None} and not problems(plan)
    assert plan.candidates[0].opinions == (("annotator 1", "cat"), ("bo@example.com", "dog"))
    assert remarks(plan) == [
        "1 photo was labelled differently; it gets no class, and every annotator's is kept: "
        'images/a.png is "cat" (annotator 1) and "dog" (bo@example.com)'
    ]


def test_an_annotator_who_gives_no_class_is_a_difference_without_opinions(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(choice("cat")), annotation(by=2)))
    assert classes(plan) == {"a.png": None} and plan.candidates[0].opinions == ()
    assert problems(plan) == [
        'project-1.json, task 1: images/a.png is "cat" (annotator 1) and without a class (annotator 2); '
        "none of these labels is used"
    ]


def test_classes_of_annotators_beside_boxes_are_a_problem_where_they_differ(tmp_path: Path) -> None:
    two = (annotation(choice("cat")), annotation(choice("dog"), by=2))
    tasks = [task("a.png", *two), task("b.png", annotation(region()), number=2)]
    plan = plan_of(tmp_path, *tasks, a=photo(), b=photo(seed=2))
    assert plan.candidates[0].opinions == () and "none of these labels is used" in problems(plan)[0]


def test_the_ground_truth_counts_among_several(tmp_path: Path) -> None:
    two = (annotation(choice("cat")), annotation(choice("dog"), by=2, ground_truth=True))
    plan = plan_of(tmp_path, task("a.png", *two))
    assert classes(plan) == {"a.png": "dog"} and not problems(plan)
    assert "marked as ground truth" in remarks(plan)[0]


def test_whose_boxes_count_is_asked(tmp_path: Path) -> None:
    two = (annotation(region()), annotation(region("cat", x=50), by=2))
    plan = plan_of(tmp_path / "a", task("a.png", *two))
    assert "which-annotator" in asked(plan) and boxes(plan) == {"a.png": []}
    (question,) = (one for one in plan.questions if one.kind == "which-annotator")
    shown = [[(photo.name, photo.boxes) for photo in one.photos] for one in question.choices]
    one, other = Box(10, 10, 30, 20), Box(50, 10, 30, 20)
    assert shown == [[("images/a.png", (("dog", one),))], [("images/a.png", (("cat", other),))], []]
    for key, found in {
        "annotator 1": [("dog", 10, 10, 30, 20)],
        "annotator 2": [("cat", 50, 10, 30, 20)],
        "skip": [],
    }.items():
        plan = plan_of(tmp_path / key, task("a.png", *two), answers={"which-annotator": key})
        assert boxes(plan) == {"a.png": found} and not plan.questions


def test_nothing_drawn_by_one_annotator_is_a_difference(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(region()), annotation(by=2)))
    assert "which-annotator" in asked(plan)


def test_two_tasks_of_one_photo_that_differ_give_no_label(tmp_path: Path) -> None:
    upload = "/data/upload/1/0a1b2c3d-a.png"
    tasks = [task(upload, annotation(choice("cat"))), task("a.png", annotation(choice("dog")), number=2)]
    plan = plan_of(tmp_path, *tasks)
    assert classes(plan) == {"a.png": None} and '"cat" (annotator 1) and "dog" (annotator 1)' in problems(plan)[0]


def test_a_task_that_nobody_has_labelled_contradicts_none(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, task("a.png", annotation(choice("cat"))), task("images/a.png", number=2))
    assert classes(plan) == {"a.png": "cat"} and not plan.problems


# Names of photos


@pytest.mark.parametrize(
    "name",
    [
        "a b+c.png",
        "images/a b+c.png",
        "/data/local-files/?d=images/a%20b%2Bc.png",
        "http://localhost:8080/data/local-files/?d=project%2Fimages/a%20b%2Bc.png",
        "s3://bucket/a b+c.png",
        "s3://bucket/images/a%20b%2Bc.png",
        "https://example.com/a%20b%2Bc.png?X-Amz-Signature=1#x",
        "/data/upload/3/0a1b2c3d-a_bc.png",
        "/data/upload/0a1b2c3d-a_bc.png",
        "https://labels.example.com/data/upload/3/0a1b2c3d-a_bc.png",
    ],
)
def test_all_forms_of_a_photo_name_find_it(tmp_path: Path, name: str) -> None:
    tasks = [task(name, annotation(choice("cat")))]
    plan = plan_folder(write_files(tmp_path, {"images/a b+c.png": photo(), "project-1.json": tasks}))
    assert classes(plan) == {"a b+c.png": "cat"} and not problems(plan)


def test_the_digits_before_an_upload_belong_to_the_name_where_the_photo_has_them(tmp_path: Path) -> None:
    tasks = [task("/data/upload/3/0a1b2c3d-a.png", annotation(choice("cat")))]
    plan = plan_folder(write_files(tmp_path, {"images/0a1b2c3d-a.png": photo(), "p.json": tasks}))
    assert classes(plan) == {"0a1b2c3d-a.png": "cat"} and not plan.problems


@pytest.mark.parametrize(
    "names", [("images/0a1b2c3d-a.png", "images/a.png"), ("one/a.png", "two/a.png"), ("a_b.png", "a b.png")]
)
def test_an_upload_that_may_be_two_photos_is_a_problem(tmp_path: Path, names: tuple[str, str]) -> None:
    stored = "0a1b2c3d-" + (names[0] if "_" in names[0] else "a.png")
    tasks = [task(f"/data/upload/3/{stored}", annotation(choice("cat")))]
    files = {name: photo(seed=seed) for seed, name in enumerate(names)}
    plan = plan_folder(write_files(tmp_path, {**files, "p.json": tasks}))
    found = [one.label for one in plan.candidates]
    if "a b.png" in names:  # one of them has exactly the stored name
        assert classes(plan)["a_b.png"] == "cat" and not problems(plan)
    else:
        assert found == [None, None] and "could be " in problems(plan)[0]


def test_a_photo_of_the_same_name_in_another_folder_is_another(tmp_path: Path) -> None:
    tasks = [task("/data/local-files/?d=patient2/1.png", annotation(choice("ill")))]
    files = {"patient1/1.png": photo(), "patient3/2.png": photo(seed=2), "p.json": tasks}
    plan = plan_folder(write_files(tmp_path, files))
    assert set(classes(plan).values()) == {None} and "patient2/1.png is not among the files" in problems(plan)[0]


def test_the_split_in_the_data_of_a_task_is_the_split(tmp_path: Path) -> None:
    tasks = [task("a.png", annotation(choice("cat"))), task("b.png", annotation(choice("dog")), number=2)]
    tasks[0]["data"]["split"], tasks[1]["data"]["split"] = "validation", "fold-3"
    plan = plan_of(tmp_path, *tasks, a=photo(), b=photo(seed=2))
    assert splits(plan) == {"a.png": "val", "b.png": None}
    assert "1 photo has a split other than train, val and test" in problems(plan)[0]


def test_folders_of_splits_are_splits_only_where_all_photos_lie_in_them(tmp_path: Path) -> None:
    tasks = [task(f"{name}.png", annotation(choice("cat"))) for name in ("train/a", "test/b")]
    files = {"images/train/a.png": photo(), "images/test/b.png": photo(seed=2)}
    plan = plan_folder(write_files(tmp_path, {**files, "p.json": tasks}))
    assert splits(plan) == {"test/b.png": "test", "train/a.png": "train"}
    assert remarks(plan) == ["the splits are those of the folders test, train"]
    files = {"images/other/c.png": photo(seed=3), "p.json": [*tasks, task("other/c.png", annotation(choice("cat")))]}
    plan = plan_folder(write_files(tmp_path, files))
    assert set(splits(plan).values()) == {None} and "not taken as splits" in remarks(plan)[0]


# Other forms


def test_completions_of_old_versions_and_one_task_a_file_are_read(tmp_path: Path) -> None:
    old = {"id": 0, "data": {"image": "a.png"}, "completions": [{"id": 1, "result": [choice("cat")]}]}
    stored = {
        "id": 9,
        "result": [choice("dog")],
        "completed_by": {"id": 1},
        "task": {"id": 4, "data": {"image": "b.png"}},
    }
    files = {"images/a.png": photo(), "images/b.png": photo(seed=2), "completions/0.json": old, "target/9.json": stored}
    plan = plan_folder(write_files(tmp_path, files))
    assert classes(plan) == {"a.png": "cat", "b.png": "dog"} and not plan.problems and not plan.refused


def test_annotations_without_their_labels_are_a_problem(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {**task("a.png"), "annotations": [12, 13]})
    assert "only a number, without its labels" in problems(plan)[0]


def test_tasks_without_photos_are_another_project(tmp_path: Path) -> None:
    texts = [{"id": 1, "data": {"text": "hello"}, "annotations": [annotation(choice("positive"))]}]
    plan = plan_folder(write_files(tmp_path, {"owl/a.png": photo(), "duck/b.png": photo(seed=2), "texts.json": texts}))
    assert [one.label for one in plan.candidates] == ["duck", "owl"]
    assert [(one.name, one.text) for one in plan.refused] == [("texts.json", "its Label Studio tasks name no photo")]


MIN = {"id": 1, "annotator": 1, "annotation_id": 3, "created_at": "x", "updated_at": "x", "lead_time": 2.5}


def test_json_min_with_choices(tmp_path: Path) -> None:
    records = [{"image": "/data/upload/1/0a1b2c3d-a.png", "choice": "cat", **MIN}]
    plan = plan_folder(write_files(tmp_path, {"images/a.png": photo(), "min.json": records}))
    assert classes(plan) == {"a.png": "cat"} and not problems(plan)
    assert remarks(plan) == ['the class of the photos is their "choice"']


def test_json_min_with_boxes(tmp_path: Path) -> None:
    one = {**SIDES, "rotation": 0, "rectanglelabels": ["dog"], "original_width": 100, "original_height": 50}
    other = {"points": [[10, 10], [30, 10], [20, 50]], "polygonlabels": ["cat"], "original_width": 100}
    records = [{"image": "a.png", "label": [one, {**other, "original_height": 50}], **MIN}]
    plan = plan_folder(write_files(tmp_path, {"images/a.png": photo(), "min.json": records}))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20), ("cat", 10, 5, 20, 20)]} and not problems(plan)


def test_json_min_with_several_annotators_and_several_choices(tmp_path: Path) -> None:
    records = [
        {"image": "a.png", "choice": "cat", **MIN},
        {"image": "a.png", "choice": "dog", **MIN, "annotator": "bo@example.com"},
        {"image": "b.png", "choice": {"choices": ["cat", "dog"]}, **MIN},
    ]
    files = {"images/a.png": photo(), "images/b.png": photo(seed=2), "min.json": records}
    plan = plan_folder(write_files(tmp_path, files))
    assert classes(plan) == {"a.png": None, "b.png": None}
    assert '"cat" (annotator 1) and "dog" (bo@example.com)' in " ".join(remarks(plan))
    assert '2 classes, "cat", "dog"' in problems(plan)[0]


def test_a_column_of_the_data_is_not_taken_for_the_class_without_a_question(tmp_path: Path) -> None:
    records = [{"image": "a.png", "place": "zoo", "animal": "cat", **MIN}]
    plan = plan_folder(write_files(tmp_path, {"images/a.png": photo(), "min.json": records}))
    assert asked(plan) == ["label-studio-choice"] and classes(plan) == {"a.png": None}
    boxed = {**SIDES, "rectanglelabels": ["dog"], "original_width": 100, "original_height": 50}
    records = [{"image": "a.png", "caption": "a dog at the zoo", "label": [boxed], **MIN}]
    plan = plan_folder(write_files(tmp_path / "b", {"images/a.png": photo(), "min.json": records}))
    assert asked(plan) == ["label-studio-choice"]
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]}


def test_the_csv_of_choices_and_of_boxes(tmp_path: Path) -> None:
    head = '"annotation_id","annotator","choice","created_at","id","image","lead_time","updated_at"\n'
    rows = '3,"1","cat","x",1,"/data/upload/1/0a1b2c3d-a.png",2.5,"x"\n,,"","",2,"b.png",,""\n'
    files = {"images/a.png": photo(), "images/b.png": photo(seed=2), "out.csv": head + rows}
    plan = plan_folder(write_files(tmp_path / "one", files))
    assert classes(plan) == {"a.png": "cat", "b.png": None} and not problems(plan) and not plan.refused
    cell = '[{""x"":10,""y"":20,""width"":30,""height"":40,""rectanglelabels"":[""dog""],'
    cell += '""original_width"":100,""original_height"":50}]'
    head = "annotation_id,annotator,created_at,id,image,label,lead_time,updated_at\n"
    files = {"images/a.png": photo(), "out.csv": f'{head}3,1,x,1,a.png,"{cell}",2.5,x\n'}
    plan = plan_folder(write_files(tmp_path / "two", files))
    assert boxes(plan) == {"a.png": [("dog", 10, 10, 30, 20)]} and not problems(plan)


def test_a_labelling_interface_lists_the_classes(tmp_path: Path) -> None:
    config = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="owl"/>'
    config += '<Choice value="x" alias="duck"/></Choices></View>'
    files = {"images/a.png": photo(), "p.json": [task("a.png", annotation(choice("cat")))], "config.xml": config}
    plan = plan_folder(write_files(tmp_path, files))
    assert set(plan.classes) == {"owl", "duck", "cat"} and not plan.refused


def test_a_class_and_boxes_of_another_are_asked(tmp_path: Path) -> None:
    both = annotation(choice("sunny"), region())
    plan = plan_of(tmp_path / "a", task("a.png", both))
    assert asked(plan) == ["class-or-boxes"]
    for key, found in {"boxes": ("dog", 1), "classes": ("sunny", 0)}.items():
        plan = plan_of(tmp_path / key, task("a.png", both), answers={"class-or-boxes": key})
        assert [(one.label, len(one.objects)) for one in plan.candidates] == [found] and not plan.questions
