"""Several boxes per photo: the import, Home, Annotate and Train say the same, with the same numbers."""

import pytest

from core.data.store.records import BoxRow
from core.data.store.store import Project, Store
from tests.pages.conftest import OpenPage, add_photo, messages
from tests.pages.data.test_data import import_all, png, section, texts, upload

RULE = "The model learns one box per photo: the largest, because it is usually the main object. So it learns from"


@pytest.fixture
def people(store: Store) -> Project:
    """Four photos with a person and a head: the head is never the largest box."""
    project = store.create_project("People", "localization", classes=["person", "head"])
    for number in range(4):
        photo = add_photo(store, project, f"{number}.png")
        store.set_boxes(project.id, photo, [BoxRow("head", 12, 2, 5, 5), BoxRow("person", 5, 2, 20, 30)], "teacher")
    return project


def test_home_annotate_and_train_agree_on_what_is_learned_and_what_to_do(
    open_page: OpenPage, people: Project, store: Store
) -> None:
    """Home: "There are enough labels"; Annotate: "Now a network can learn"; Train: "Not enough to learn from yet"."""
    learned = store.learned_photos(people.id)
    assert learned.rule.startswith(f"8 boxes on 4 photos. {RULE} 4 photos.")
    short = '"head" is never the largest box of a photo (4 boxes)'
    for page in ("Home", "Annotate", "Train"):
        app = open_page(page, project=str(people.id))
        assert not messages(app), page
        said = "\n".join([texts(app), *(one.value for one in app.caption)]).replace("\\", "")
        assert "8 boxes on 4 photos." in said and "The other 4 boxes are kept, but not learned." in said, page
        assert short in said, page
        assert "Add photos" in [one.label for one in app.button], page
    head = next(info for info in store.classes(people.id) if info.name == "head")
    store.remove_class(people.id, head.id, "teacher")
    assert store.learned_photos(people.id).enough
    assert "Train your first model" in [one.label for one in open_page(project=str(people.id)).button]


def test_the_import_says_that_one_box_per_photo_is_learned(open_page: OpenPage, store: Store) -> None:
    """784 boxes were imported in silence."""
    project = store.create_project("Cats", "localization")
    table = "filename,label,x,y,width,height\n" + "".join(
        f"{number}.png,cat,1,1,{5 + place},5\n" for number in range(4) for place in range(3)
    )
    app = open_page("Data", project=str(project.id))
    copy = ("copy.png", png(0))  # the same photo: it counts once
    files = [(f"{number}.png", png(number)) for number in range(4)]
    upload(app, *files, copy, ("labels.csv", (table + "copy.png,cat,1,1,7,7\n").encode()))
    (said,) = [one.value for one in app.info]
    assert said.startswith(f"After this import: 12 boxes on 4 photos. {RULE} 4 photos. The other 8 boxes are kept")
    import_all(app)
    assert said.removeprefix("After this import: ") == store.learned_photos(project.id).rule
    # The table alone, with two boxes of each photo deleted.
    lines = table.splitlines()
    section(open_page("Data", project=str(project.id)), "Photos")
    app = section(open_page("Data", project=str(project.id)), "Add photos")
    next(one for one in app.button if one.label == "Import more").click().run()
    upload(app, ("labels.csv", "\n".join([lines[0], *lines[1:4], *lines[4::3]]).encode()))
    (said,) = [one.value for one in app.info]
    assert said.startswith("After this import: 6 boxes on 4 photos.")
