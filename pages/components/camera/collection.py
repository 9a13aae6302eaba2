"""What one browser tab takes with the camera: its bursts, and which messages of the browser were taken."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.data.importing.sources.camera_burst import MOST_FRAMES, Burst, new_burst, remove_last, store_frames
from core.data.store.store import Store
from core.data.tables.names import LONGEST_NAME
from core.errors import ImageRefused
from pages.components.camera.posted_pictures import Picture, picture_bytes

MOST_BURSTS = 50
"""Remembered in a tab; older ones stay in the project and in its history."""
SOME = 5
Text = Annotated[str, Field(max_length=40)]


class FramesMessage(BaseModel):
    """Some frames of one burst."""

    model_config = ConfigDict(frozen=True)

    token: Text
    number: Annotated[int, Field(ge=1)]
    """Counts up, so that no message is taken twice."""
    burst: Text
    label: Annotated[str, Field(max_length=LONGEST_NAME)]
    pictures: Annotated[tuple[Picture, ...], Field(max_length=MOST_FRAMES)]


class RemoveMessage(BaseModel):
    """How many of the last frames of a burst are to go."""

    model_config = ConfigDict(frozen=True)

    token: Text
    burst: Text
    count: Annotated[int, Field(ge=1, le=MOST_FRAMES)]


@dataclass
class Collection:
    """The bursts of one tab in one project."""

    project_id: int
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    taken: int = 0
    bursts: dict[str, Burst] = field(default_factory=dict)
    last: str | None = None

    def take(self, raw: Any, store: Store, who: str) -> tuple[int, ...]:
        """Store frames as the browser posted them; return the new photos. Raises the store's errors.

        A message is taken only once, also where storing it fails: the reason is shown instead.
        """
        try:
            message = FramesMessage.model_validate(raw)
        except ValidationError:  # not from our script: a forged message spoils only the forger's own page
            return ()
        if message.token != self.token or message.number <= self.taken:
            return ()
        self.taken = message.number
        before = self.bursts.get(message.burst)
        if before is None:
            before = new_burst(message.label, store.groups(self.project_id), datetime.now())
        files = []
        for picture in message.pictures:
            try:
                files.append(picture_bytes(picture, "The camera's picture"))
            except ImageRefused:
                files.append(b"")
        after = store_frames(store, self.project_id, before, files, who)
        self.bursts.pop(message.burst, None)
        self.bursts[message.burst] = after
        for old in list(self.bursts)[:-MOST_BURSTS]:
            del self.bursts[old]
        self.last = message.burst
        return after.ids[len(before.ids) :]

    def remove(self, raw: Any, store: Store, who: str) -> bool:
        """Remove the last frames of a burst; return whether any went. Raises the store's errors."""
        try:
            message = RemoveMessage.model_validate(raw)
        except ValidationError:
            return False
        burst = self.bursts.get(message.burst)
        if message.token != self.token or burst is None:
            return False
        self.bursts[message.burst] = remove_last(store, self.project_id, burst, message.count, who)
        return bool(burst.ids)
