"""What a pupil does: joins by the class code, labels, looks at pages, queues a training; and what became of it.

Think times, in seconds, drawn evenly: 2 to 4 before a key press, 20 to 30 on a page before another one. About two
thirds of the time goes into labelling.
"""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field

import httpx

from benchmarks.class_loading.tab import Tab, TabClosed, TooLate

PRESS_SECONDS = (2.0, 4.0)
PAGE_SECONDS = (20.0, 30.0)
LABELLING_SECONDS = (45.0, 75.0)
PAGES = ("Home", "Data", "Evaluate", "Learn", "Explain", "Train")
COOKIE = "resnet_studio_visit"


@dataclass
class Record:
    """What one pupil did, and how long the server took."""

    name: str
    labels: dict[int, str] = field(default_factory=dict)
    """Acknowledged: the class of each photo after whose press the desk showed another photo."""
    pending: dict[int, str] = field(default_factory=dict)
    """Pressed, but not acknowledged."""
    presses: list[float] = field(default_factory=list)
    """Seconds from a key press until the next photo and all that belongs to it was drawn."""
    pages: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from a click in the navigation until the page was drawn, by page."""
    queued: int = 0
    """Trainings."""
    errors: list[str] = field(default_factory=list)
    messages: int = 0
    received: int = 0
    pictures: int = 0


class Pupil:
    """One pupil with one tab."""

    def __init__(self, name: str, address: str, classes: list[str], seed: int) -> None:
        self.record = Record(name)
        self._address, self._classes = address, classes
        self._dice = random.Random(seed)
        self._client = httpx.AsyncClient(base_url=address, trust_env=False, timeout=60, follow_redirects=False)
        self.tab = Tab(address, self._client)
        self._numbers: dict[str, str] = {}

    async def join(self, code: str) -> None:
        """Join the class by its code. Raises RuntimeError if the server does not let the pupil in."""
        await self._client.get("/join")
        answer = await self._client.post("/join", data={"code": code})
        assert answer.status_code == 200, answer.text
        answer = await self._client.post("/join", data={"code": code, "name": self.record.name, "to": "/"})
        if COOKIE not in self._client.cookies:
            raise RuntimeError(f"{self.record.name} could not join: {answer.status_code} {answer.text[:300]}")

    async def work(self, until: float, train_at: float) -> None:
        """Work until a moment of time.monotonic(), and queue a training once after ``train_at``."""
        try:
            await self._timed("Home", self.tab.open())
            await self._think((1.0, 8.0), until)
            while time.monotonic() < until:
                await self._label(until)
                if time.monotonic() >= until:
                    break
                if self.record.queued == 0 and time.monotonic() >= train_at:
                    await self._train(until)
                else:
                    await self._timed(page := self._dice.choice(PAGES), self.tab.go(page))
                    await self._think(PAGE_SECONDS, until)
        except TabClosed as error:
            self.record.errors.append(f"the tab was closed: {error}")
        finally:
            record, tab = self.record, self.tab
            record.messages, record.received, record.pictures = tab.messages, tab.received, tab.pictures
            record.errors += tab.errors

    async def leave(self) -> None:
        """Close the tab, as at the end of a lesson."""
        with contextlib.suppress(TabClosed):
            await self.tab.close()
        await self._client.aclose()

    async def _label(self, until: float) -> None:
        """Open Annotate and label for a while."""
        await self._timed("Annotate", self.tab.go("Annotate"))
        end = min(until, time.monotonic() + self._dice.uniform(*LABELLING_SECONDS))
        while time.monotonic() < end:
            await self._think(PRESS_SECONDS, end)
            desk = self.tab.desk
            if time.monotonic() >= end or desk is None:
                break
            photo, label = desk.photo, self._dice.choice([one["name"] for one in desk.view["classes"]])
            self.record.pending[photo] = label
            try:
                seconds = await self.tab.label(label)
            except TooLate as error:
                self.record.errors.append(f"a key press: {error}")
                continue
            self.record.presses.append(seconds)
            self.record.labels[photo] = self.record.pending.pop(photo)

    async def _train(self, until: float) -> None:
        """Open Train, look at the form, and queue a training with the usual recipe."""
        await self._timed("Train", self.tab.go("Train"))
        await self._think((4.0, 8.0), until)
        if "train" in self.tab.buttons and not self.tab.buttons["train"].disabled:
            try:
                await self.tab.press("train")
                self.record.queued += 1
            except TooLate as error:
                self.record.errors.append(f"the Train button: {error}")
        await self._think(PAGE_SECONDS, until)

    async def _timed(self, page: str, opening: "asyncio.Future[float] | object") -> None:
        try:
            seconds = await opening  # type: ignore[misc]
        except TooLate as error:
            self.record.errors.append(f"the page {page}: {error}")
            return
        self.record.pages.setdefault(page, []).append(seconds)

    async def _think(self, seconds: tuple[float, float], until: float) -> None:
        await asyncio.sleep(max(0.0, min(self._dice.uniform(*seconds), until - time.monotonic())))
