"""Thumbnails to choose from have names that tell them apart."""

from pages.components.shared.photo_wall import WallPhoto


def test_the_file_name_is_part_of_what_a_screen_reader_says() -> None:
    """Photos to choose from read as "owl, owl, owl"."""
    assert WallPhoto("1", b"", "owl", name="bird_1.jpg").spoken == "owl, bird_1.jpg"
    assert WallPhoto("1", b"", "owl", "bird_1.jpg").spoken == "owl, bird_1.jpg"
    assert WallPhoto("1", b"", "owl 90%", "label: duck", name="bird_1.jpg").spoken == "owl 90%, label: duck, bird_1.jpg"
