"""Each kind of input that was tried is imported by the command line, with the outcome that is right for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.importing.kinds.catalogue import CATALOGUE
from tests.data.importing.kinds.kind import Kind, Photo
from tests.data.importing.kinds.run_kind import Stored, import_kind, planned, write

COLOUR_TOLERANCE = 12
"""How far a colour may be off after JPEG."""


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One workspace for all kinds, each of which is a project in it: a new database takes half a second."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RESNET_STUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def params() -> list[object]:
    return [
        pytest.param(kind, id=kind.id, marks=[pytest.mark.xfail(strict=True, reason=kind.wrong)] if kind.wrong else [])
        for kind in CATALOGUE
    ]


@pytest.mark.parametrize("kind", params())
def test_kind(kind: Kind, tmp_path: Path) -> None:
    source = write(kind, tmp_path)
    code, said = import_kind(kind, source, kind.id, *(["--yes"] if kind.outcome == "refused" else []))
    assert "Traceback" not in said
    missing = [part for part in kind.says if part not in said]
    assert not missing, said
    if kind.outcome in ("exact", "remark"):
        assert code == 0, f"a question or a problem: {said}"
        assert_as_meant(kind)
        return
    assert code == 2, f"imported as {Stored(kind.id).photos}; {said}"
    assert not Stored(kind.id).there, "nothing may be left of an import that ends with 2"
    if kind.outcome == "refused":
        assert kind.says and kind.says[-1] in said.splitlines()[-1], said
        return
    if kind.outcome == "question":
        assert_asked(kind, source)
        answers = [word for asked, key in kind.asks.items() for word in ("--answer", f"{asked}={key}")]
        code, said = import_kind(kind, source, kind.id, *answers, *(["--yes"] if kind.yes else []))
    else:
        assert_named(kind, source, said)
        code, said = import_kind(kind, source, kind.id, "--yes")
    assert code == 0, said
    assert_as_meant(kind)


def assert_asked(kind: Kind, source: Path) -> None:
    """The questions are these and no others, and each has the right choice."""
    choices = {one.kind: [choice.key for choice in one.choices] for one in planned(kind, source).questions}
    asked = {asked.partition(":")[0]: key for asked, key in kind.asks.items()}
    assert choices.keys() == asked.keys(), choices
    for name, key in asked.items():
        assert key in choices[name]


def assert_named(kind: Kind, source: Path, said: str) -> None:
    """The problem is one that has to be confirmed, and no question is asked."""
    plan = planned(kind, source)
    assert not plan.questions, [one.text for one in plan.questions]
    confirmed = [str(one) for one in plan.problems if not one.harmless]
    confirmed += [f"{one.name}: {one.text}" for one in plan.refused]
    # What is known once the photos are read is said by the command alone.
    harmless = {str(one) for one in plan.problems if one.harmless}
    confirmed += [line for line in said.splitlines()[:-1] if line not in harmless]
    assert kind.says and all(any(part in text for text in confirmed) for part in kind.says), confirmed


def assert_as_meant(kind: Kind) -> None:
    """Everything that the project holds is what was meant."""
    stored, meant = Stored(kind.id), kind.photos()
    assert {name: values(one) for name, one in stored.photos.items()} == {
        name: values(one) for name, one in meant.items()
    }
    for name, one in meant.items():
        for found, wanted in zip(stored.photos[name].boxes, one.boxes, strict=True):
            assert found[1:] == pytest.approx(wanted[1:], abs=0.01), name
    if kind.classes is not None:
        assert stored.classes == kind.classes
    for name, look in kind.looks.items():
        seen = stored.look(name, look)
        assert seen.size == look.size
        for point, colour in look.colours.items():
            assert seen.colours[point] == pytest.approx(colour, abs=COLOUR_TOLERANCE), (name, point)


def values(photo: Photo) -> tuple[object, ...]:
    """All of a photo that is no measure."""
    return photo.label, photo.split, photo.group, [box[0] for box in photo.boxes]
