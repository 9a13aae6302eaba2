"""An uploaded animation: the page shows its frames, and imports those that are chosen."""

from core.data.store.store import Store
from tests.data.pictures.test_frames import animated
from tests.pages.conftest import OpenPage, messages
from tests.pages.data.test_data import heads, import_all, texts, upload
from tests.pages.data.test_import_questions import answer


def test_the_frames_of_an_animation_are_shown_and_imported_as_chosen(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Clips")
    app = open_page("Data")
    upload(app, ("clip.gif", animated("GIF")))
    assert "1 question before the import" in heads(app) and not messages(app)
    assert "Which of them are photos?" in texts(app)
    assert len(app.get("image")) == 4, "the first frame, and the first three"
    assert "No box is imported" not in texts(app)
    answer(app, "Use all frames as photos")
    import_all(app)
    rows = store.images(project.id)
    assert [row.filename for row in rows] == [f"clip.gif#{number}.png" for number in (1, 2, 3)]
    assert {row.group for row in rows} == {"clip.gif"}
