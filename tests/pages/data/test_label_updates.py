"""A corrected labels.csv on the Data page: the changes are shown first, one button makes them, one Undo takes back."""

from core.data.store.records import BoxRow
from core.data.store.store import ImageFilter, Project, Store
from core.data.tables.labels_csv import write_labels
from tests.pages.conftest import OpenPage, add_photo, messages
from tests.pages.data.test_data import heads, import_all, png, report, section, texts, upload


def keys(app: object) -> list[str]:
    return [one.key for one in app.button]  # type: ignore[attr-defined]


def labels(store: Store, project: Project) -> dict[str, str | None]:
    return {row.filename: row.label for row in store.images(project.id)}


def test_the_downloaded_table_edited_in_a_spreadsheet_updates_the_labels_after_a_preview(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    """Done with the photos, the result was "Already there 200" and the old label still stood."""
    before = labels(store, birds)
    text = write_labels(store.label_rows(birds.id)).replace("owl 1.png,owl", "owl 1.png,duck")
    text = text.replace("owl 2.png,owl", "owl 2.png,goose")
    app = section(open_page("Data", name="Ana"), "Add photos")
    upload(app, ("labels.csv", ("\ufeff" + text.replace(",", ";").replace("\n", "\r\n")).encode()))
    assert not messages(app)
    assert "Found: labels of 11 photos in the project" in heads(app)
    assert "**2 labels change, 9 stay.**" in texts(app)
    assert "3 rows have no label and change nothing." in texts(app)
    assert "New class\\: goose." in texts(app)
    shown = app.dataframe[0].value
    assert shown[["File", "Now", "After"]].to_numpy().tolist() == [
        ["owl 1.png", "owl", "duck"],
        ["owl 2.png", "owl", "goose"],
    ]
    assert all(one.startswith("data:image/") for one in shown["Photo"])
    assert labels(store, birds) == before, "nothing is stored before the button"
    button = app.button(key="update-labels")
    assert button.label == "Update 2 labels"
    button.click().run()
    assert not messages(app)
    assert labels(store, birds) == before | {"owl 1.png": "duck", "owl 2.png": "goose"}
    assert store.history(birds.id, 1)[0].who == "Ana"
    assert "2 labels updated from labels\\.csv." in texts(app)
    app.button(key="undo-line-now").click().run()
    assert labels(store, birds) == before
    assert [one.name for one in store.classes(birds.id)] == ["owl", "duck"]


def test_new_photos_come_with_the_corrections_or_without_them(
    open_page: OpenPage, birds: Project, store: Store
) -> None:
    table = b"filename,label\nmore.png,owl\nowl 1.png,duck\ngone.png,owl\n"
    app = section(open_page("Data"), "Add photos")
    upload(app, ("more.png", png(1)), ("labels.csv", table))
    assert app.table[0].value["Where"].tolist() == ["line 4"]
    assert "neither in the project nor among the files" in app.table[0].value["What is wrong"][0]
    assert app.button(key="import-now").label == "Import 1 photo and update 1 label anyway"
    assert app.button(key="import-only").label == "Import 1 photo only"
    import_all(app)
    assert labels(store, birds)["owl 1.png"] == "duck" and labels(store, birds)["more.png"] == "owl"
    assert "1 label updated. Undo takes back these and the labels of new photos." in texts(app)
    app.button(key="undo-line-now").click().run()
    assert labels(store, birds)["owl 1.png"] == "owl" and labels(store, birds)["more.png"] is None
    store.redo(birds.id)
    next(one for one in app.button if one.label == "Import more").click().run()
    table = b"filename,label\neven more.png,owl\nowl 1.png,owl\nnew 1.png,owl\n"
    upload(app, ("even more.png", png(2)), ("labels.csv", table))
    app.button(key="import-only").click().run()
    report(app)
    now = labels(store, birds)
    assert (now["owl 1.png"], now["new 1.png"], now["even more.png"]) == ("duck", None, "owl")


def test_a_table_that_says_what_is_there_offers_nothing(open_page: OpenPage, birds: Project, store: Store) -> None:
    app = section(open_page("Data"), "Add photos")
    upload(app, ("labels.csv", write_labels(store.label_rows(birds.id)).encode()))
    assert [one.value for one in app.info] == ["The project has these labels already. Nothing would change."]
    assert not {"import-now", "update-labels"} & set(keys(app))


def test_a_long_list_of_changes_is_filtered_and_paged(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Many", classes=["owl", "duck"])
    for number in range(60):
        add_photo(store, project, f"{number}.png", "owl" if number % 6 else "duck")
    rows = [f"{number}.png,{'duck' if number % 6 else 'owl'}" for number in range(60)]
    app = section(open_page("Data"), "Add photos")
    upload(app, ("labels.csv", "\n".join(["filename,label", *rows]).encode()))
    assert len(app.dataframe[0].value) == 50 and app.get("pagination")
    app.selectbox(key="updates-filter").set_value("duck → owl: 10").run()
    assert app.dataframe[0].value["After"].tolist() == ["owl"] * 10
    assert not app.get("pagination")
    app.button(key="update-labels").click().run()
    assert not messages(app)
    assert store.count(project.id, ImageFilter(label="owl")) == 10, "the filter is for reading, the button takes all"


def test_changed_boxes_are_drawn_before_and_after(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Boxes", "localization", classes=["owl"])
    number = add_photo(store, project, "a.png")
    store.set_boxes(project.id, number, [BoxRow("owl", 1, 1, 8, 8)], "teacher")
    app = section(open_page("Data"), "Add photos")
    upload(app, ("labels.csv", b"filename,label,x,y,width,height\na.png,owl,2,2,9,9\na.png,owl,20,20,9,9\n"))
    assert not messages(app)
    assert "The boxes of 1 photo change." in texts(app)
    assert app.dataframe[0].value[["Now", "After"]].to_numpy().tolist() == [["1 box", "2 boxes"]]
    assert [one.value for one in app.caption if "a" in one.value][-3:-1] == ["a\\.png, now", "a\\.png, after"]
    app.button(key="update-labels").click().run()
    assert len(store.boxes(project.id)[number]) == 2
