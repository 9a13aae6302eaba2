"""Who gives a background to whom: every class to every other, never within a group, the same each time."""

from collections import Counter

from core.inspection.background.donors import Donors, donors_of

IMAGES = [f"{(7919 * number) % 1000:03d}" for number in range(24)]
LABELS = [number % 4 for number in range(24)]


def test_backgrounds_come_from_all_other_classes_evenly() -> None:
    found = donors_of(IMAGES, LABELS)
    pairs = Counter((LABELS[place], LABELS[one.other]) for place, one in enumerate(found) if one.other is not None)
    assert len(pairs) == 12 and set(pairs.values()) == {2}  # six photos of each class, three other classes
    used = Counter(one.other for one in found)
    assert max(used.values()) <= 3


def test_the_same_class_gives_another_photo() -> None:
    for place, one in enumerate(donors_of(IMAGES, LABELS)):
        assert one.same is not None and one.same != place and LABELS[one.same] == LABELS[place]


def test_the_choice_depends_on_the_photos_not_on_their_order() -> None:
    def by_image(images: list[str], labels: list[int]) -> dict[str, tuple[str, str]]:
        found = donors_of(images, labels)
        return {images[place]: (images[one.same or 0], images[one.other or 0]) for place, one in enumerate(found)}

    order = sorted(range(24), key=lambda place: (place * 5) % 24)
    assert by_image(IMAGES, LABELS) == by_image([IMAGES[one] for one in order], [LABELS[one] for one in order])


def test_a_group_gives_itself_no_background() -> None:
    groups = [f"day {number // 8}" for number in range(24)]
    for place, one in enumerate(donors_of(IMAGES, LABELS, groups)):
        assert all(given is not None and groups[given] != groups[place] for given in (one.same, one.other))
    assert donors_of(["a", "b"], [0, 1], ["one", "one"]) == [Donors(None, None)] * 2


def test_a_single_photo_of_a_class_and_a_single_class_lack_a_donor() -> None:
    assert donors_of(["a", "b", "c"], [0, 0, 1]) == [Donors(1, 2), Donors(0, 2), Donors(None, 1)]
    assert donors_of(["a", "b"], [0, 0]) == [Donors(1, None), Donors(0, None)]
