"""Merging two people's boxes on one photo keeps what each of them drew."""

from core.data.store.store import BoxRow
from pages.components.boxes.merge_boxes import BOTH_KEPT, LOOK, merge

A, B, C = (BoxRow("owl", x, 0, 10, 10) for x in (0, 20, 40))
A_OF_ANA, A_OF_BEN = BoxRow("owl", 1, 0, 10, 10), BoxRow("owl", 0, 2, 10, 10)


def test_where_nobody_else_did_anything_it_is_as_i_have_it() -> None:
    assert merge([A, B], [B], [A, B]) == ([B], "")


def test_both_drew() -> None:
    assert merge([A], [A, B], [A, C]) == ([A, C, B], BOTH_KEPT)


def test_one_deleted_and_the_other_drew() -> None:
    assert merge([A, B], [B], [A, B, C]) == ([B, C], BOTH_KEPT)


def test_both_moved_the_same_box_and_both_boxes_stay() -> None:
    assert merge([A], [A_OF_ANA], [A_OF_BEN]) == ([A_OF_BEN, A_OF_ANA], LOOK)


def test_a_box_that_was_deleted_here_and_moved_there_stays_as_it_was_moved() -> None:
    assert merge([A], [], [A_OF_BEN]) == ([A_OF_BEN], LOOK)


def test_the_same_box_from_both_is_one_box() -> None:
    assert merge([], [A], [A]) == ([A], BOTH_KEPT)
