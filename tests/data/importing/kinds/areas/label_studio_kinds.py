"""Exports of Label Studio: JSON, JSON-min and CSV."""

import json
from typing import Any

from tests.data.importing.formats.tools.test_label_studio import annotation, choice, region, shape, task
from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question, remark

AREA = "Label Studio"

A, A_AND_B = photos("images/a.png", width=100, height=50), photos("images/a.png", "images/b.png", width=100, height=50)
DOG = boxed(("dog", 10, 10, 30, 20))
CLASSES = {"a.png": "owl", "b.png": "duck"}


def studio(*tasks: Any, pictures: dict[str, bytes] = A) -> dict[str, str | bytes]:
    return {"project-1.json": json.dumps(list(tasks)), **pictures}


AGREED = (
    task("a.png", annotation(choice("owl"), by=1), annotation(choice("owl"), by=2)),
    task("b.png", annotation(choice("duck"))),
)

KINDS: tuple[Kind, ...] = (
    exact(
        "JSON: choices of uploaded photos",
        studio(
            task("/data/upload/1/0a1b2c3d-a.png", annotation(choice("owl"))),
            task("/data/upload/1/deadbeef-b.png", annotation(choice("duck"))),
            pictures=A_AND_B,
        ),
        CLASSES,
    ),
    exact(
        "JSON: the file alone, with --images",
        studio(task("a.png", annotation(choice("owl"))), task("b.png", annotation(choice("duck"))), pictures=A_AND_B),
        CLASSES,
        source="project-1.json",
        images="images",
    ),
    exact("JSON: rectangles in percent", studio(task("a.png", annotation(region()))), {"a.png": DOG}),
    exact("JSON: in a zip", studio(task("a.png", annotation(region()))), {"a.png": DOG}, zipped=True),
    remark(
        "JSON: a polygon",
        studio(task("a.png", annotation(shape("polygonlabels", points=[[10, 20], [40, 20], [40, 60]])))),
        {"a.png": DOG},
        "box around",
    ),
    exact(
        "JSON: local files",
        studio(task("/data/local-files/?d=birds/a.png", annotation(choice("owl")))),
        {"a.png": "owl"},
    ),
    exact("JSON: several annotators who agree", studio(*AGREED, pictures=A_AND_B), CLASSES),
    remark(
        "JSON: several annotators who disagree",
        studio(
            task("a.png", annotation(choice("owl"), by=1), annotation(choice("duck"), by=2)),
            task("b.png", annotation(choice("duck"))),
            pictures=A_AND_B,
        ),
        {"a.png": None, "b.png": "duck"},
        "it gets no class, and every annotator's is kept",
    ),
    question(
        "JSON: boxes of two annotators",
        studio(task("a.png", annotation(region(), by=1), annotation(region(x=50), by=2))),
        {"which-annotator": "annotator 1"},
        {"a.png": DOG},
    ),
    question(
        "JSON: two answers for a photo",
        studio(task("a.png", annotation(choice("owl", control="animal"), choice("sunny", control="weather")))),
        {"label-studio-choice": "animal"},
        {"a.png": "owl"},
    ),
    question(
        "JSON: another shape than the photo's",
        studio(task("a.png", annotation(region(size=(300, 300))))),
        {"box-size": "scale"},
        {"a.png": DOG},
    ),
    question(
        "JSON: a turned photo without a size",
        {
            "p.json": json.dumps([task("a.jpg", annotation(region(size=None)))]),
            **turned("images/a.jpg", width=100, height=50),
        },
        {"box-orientation": "upright"},
        {"a.jpg": boxed(("dog", 5, 20, 15, 40))},
    ),
    exact(
        "JSON: a task without an answer",
        studio(task("a.png", annotation(choice("owl"))), task("b.png"), pictures=A_AND_B),
        {"a.png": "owl", "b.png": None},
    ),
    problem(
        "JSON: an empty choice",
        studio(task("a.png", annotation(choice())), task("b.png", annotation(choice("duck"))), pictures=A_AND_B),
        {"a.png": None, "b.png": "duck"},
        "project-1.json",
    ),
    question(
        "JSON: a and A",
        studio(task("a.png", annotation(choice("a"))), task("b.png", annotation(choice("A"))), pictures=A_AND_B),
        {"class-case": "two"},
        {"a.png": "a", "b.png": "A"},
    ),
    exact(
        "JSON-min",
        {
            "min.json": json.dumps(
                [
                    {
                        "id": 1,
                        "image": "/data/upload/1/0a1b2c3d-a.png",
                        "choice": "owl",
                        "annotator": 1,
                        "annotation_id": 1,
                        "created_at": "2024",
                        "updated_at": "2024",
                        "lead_time": 3,
                    },
                    {
                        "id": 2,
                        "image": "/data/upload/1/0a1b2c3d-b.png",
                        "choice": "duck",
                        "annotator": 1,
                        "annotation_id": 2,
                        "created_at": "2024",
                        "updated_at": "2024",
                        "lead_time": 3,
                    },
                ]
            ),
            **A_AND_B,
        },
        CLASSES,
    ),
    exact(
        "CSV",
        {
            "project-1.csv": "annotation_id,annotator,choice,created_at,id,image,lead_time,updated_at\n"
            "1,1,owl,2024,1,/data/upload/1/0a1b2c3d-a.png,3,2024\n2,1,duck,2024,2,/data/upload/1/0a1b2c3d-b.png,3,2024\n",
            **A_AND_B,
        },
        CLASSES,
    ),
)
