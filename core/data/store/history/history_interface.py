"""The store's part that looks back: history, undo, moments to go back to, verdicts and opinions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from core.data.store import projects
from core.data.store.history import changes, opinions, reviewed, roll_back
from core.data.store.records import Change, Opinion, ReviewDecision, RollBack, RollBackReach, Touched


class HistoryInterface:
    """What was done in a project, by whom, and how it is taken back."""

    _engine: Engine

    def revision(self, project_id: int) -> int:
        """A number that grows with whatever is written to the project; the cheapest way to see that it has moved."""
        with self._reading() as conn:
            return projects.revision_of(conn, project_id)

    # History

    def history(
        self, project_id: int, limit: int = 50, before_id: int | None = None, who: str | None = None
    ) -> list[Change]:
        """The newest changes first: those before one, or of one person, if so asked."""
        with self._reading() as conn:
            return changes.history(conn, project_id, limit, before_id, who)

    def changed_images(self, project_id: int, change_id: int) -> list[int]:
        """The numbers of the images that a change touched, removed ones too."""
        with self._reading() as conn:
            return changes.touched_images(conn, project_id, change_id)

    def touched(self, project_id: int, change_id: int, limit: int = 60) -> list[Touched]:
        """What a change did to its first images."""
        with self._reading() as conn:
            return changes.touched(conn, project_id, change_id, limit)

    def people(self, project_id: int) -> list[str]:
        """Who has changed anything."""
        with self._reading() as conn:
            return changes.people_in(conn, project_id)

    def undo(self, project_id: int, who: str | None = None) -> Change | None:
        """Undoes the newest change, of that person if given. What somebody changed since is kept: see Change.kept."""
        with self._writing(project_id) as conn:
            return changes.undo(conn, project_id, who)

    def redo(self, project_id: int, who: str | None = None) -> Change | None:
        """Does again what was undone; None where nothing is left or the person has done something new since."""
        with self._writing(project_id) as conn:
            return changes.redo(conn, project_id, who)

    def undo_one(self, project_id: int, change_id: int) -> Change:
        """Undoes any one change, however old; what was changed since is kept."""
        with self._writing(project_id) as conn:
            return changes.undo_one(conn, project_id, change_id)

    def redo_one(self, project_id: int, change_id: int) -> Change:
        """Does any one change again that is undone."""
        with self._writing(project_id) as conn:
            return changes.redo_one(conn, project_id, change_id)

    # Moments

    def reach(self, project_id: int, change_id: int) -> RollBackReach:
        """What going back to the moment after a change would undo; 0 is the moment before the first one."""
        with self._reading() as conn:
            return roll_back.reach(conn, project_id, change_id)

    def back_to(self, project_id: int, change_id: int, who: str) -> RollBackReach:
        """Undoes all changes after that one, whoever made them; ``forth`` does them again."""
        with self._writing(project_id) as conn:
            return roll_back.roll_back(conn, project_id, change_id, who)

    def forth(self, project_id: int, rewind_id: int) -> RollBackReach:
        """Does again what a rewind undid."""
        with self._writing(project_id) as conn:
            return roll_back.undo_roll_back(conn, project_id, rewind_id)

    def rewinds(self, project_id: int) -> list[RollBack]:
        """The rewinds that can be taken forth again, the newest first."""
        with self._reading() as conn:
            return roll_back.roll_backs_of(conn, project_id)

    # What people said

    def opinions(self, project_id: int) -> list[Opinion]:
        """Each person's latest label of each image, by image and then by time."""
        with self._reading() as conn:
            return opinions.opinions_of(conn, project_id)

    def adjudicated(self, project_id: int) -> dict[int, int]:
        """The images whose label an adjudicator decided, each with the number of that change."""
        with self._reading() as conn:
            return opinions.adjudicated_in(conn, project_id)

    def keep(self, project_id: int, kind: str, subjects: Sequence[str], who: str) -> None:
        """Notes that somebody looked at these and left them as they are; ``kind`` is the check that asked."""
        with self._writing(project_id) as conn:
            reviewed.keep(conn, project_id, kind, subjects, who)

    def ask_again(self, project_id: int, kind: str, subjects: Sequence[str]) -> None:
        """Forgets that these were kept."""
        with self._writing(project_id) as conn:
            reviewed.take_back(conn, project_id, kind, subjects)

    def kept(self, project_id: int, kind: str) -> dict[str, ReviewDecision]:
        """What was kept, by subject, the oldest first."""
        with self._reading() as conn:
            return reviewed.kept(conn, project_id, kind)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as conn:
            yield conn

    @contextmanager
    def _writing(self, project_id: int | None = None) -> Iterator[Connection]:
        with self._engine.connect().execution_options(writes=True) as conn, conn.begin():
            if project_id is not None:
                projects.project_of(conn, project_id, lock=True)
                projects.note_write(conn, project_id)
            yield conn
