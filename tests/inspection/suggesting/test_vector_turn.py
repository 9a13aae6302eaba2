"""In a class, the features of one pupil at a time are computed, and nobody starts a process only to wait."""

from pathlib import Path

from core.inspection.suggesting.vector_turn import turn, waits
from core.workspace import open_workspace


def test_a_pupil_waits_while_the_features_of_another_are_computed(tmp_path: Path) -> None:
    teacher = open_workspace(tmp_path)
    ada, ben = (open_workspace(tmp_path / "people" / name) for name in ("ada", "ben"))
    assert not waits(ben)
    with turn(ada):
        assert waits(ben) and not waits(teacher), "who has a workspace alone queues as before"
    assert not waits(ben)
    with turn(teacher):
        assert waits(ada)
