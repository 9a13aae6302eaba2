"""A browser tab without a browser: it speaks Streamlit's protocol over a websocket, and loads the pictures it is shown.

It does what Streamlit's script in the browser does, as far as the server notices: it sends reruns with the state of
widgets, answers automatic reruns of fragments at their intervals, keeps large messages and says so, and fetches each
picture once. It also does what the script of our labelling desk does: it asks the desk's address at each key press, and
between them whether something has changed (pages/components/annotate/desk/desk.js). Written for Streamlit 1.67
(streamlit/proto, streamlit/web/server/starlette/starlette_websocket.py).
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Button_pb2 import Button
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.class_loading.desk import Desk

_MOST_KEPT = 200  # messages, of which the server is told that it need not send them again
_MOST_BYTES = 64 * 2**20
_USER_KEY = 2  # parts of a widget's id before the key that the page gave it: "$$ID-<hash>-<key>"


class TabClosed(RuntimeError):
    """The server has closed the connection."""


class TooLate(RuntimeError):
    """The server has not answered within the patience."""


@dataclass
class Run:
    """A script run that the tab waits for."""

    began: float
    begins: Callable[[ForwardMsg], bool] = lambda message: True
    """Whether a new_session message begins it."""
    started: bool = False
    done: asyncio.Future[float] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Tab:
    """One tab; used by one pupil, within one event loop."""

    def __init__(self, address: str, client: httpx.AsyncClient, patience: float = 60.0) -> None:
        """``client`` holds the pupil's cookies."""
        self.address, self.patience = address, patience
        self.buttons: dict[str, Button] = {}
        """Those on the page, by their keys."""
        self.fragments: dict[str, str] = {}
        """The fragment in which each button is, by its key."""
        self.desk: Desk | None = None
        self.errors: list[str] = []
        self.messages = self.received = self.pictures = 0
        self._client = client
        self._pages: dict[str, str] = {}
        self._page = self._query = ""
        self._kept: dict[str, ForwardMsg] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._fetched: set[str] = set()
        self._shown: dict[tuple[int, ...], str] = {}
        """The picture at each place of the page."""
        self._background: set[asyncio.Task[Any]] = set()
        self._waiting: list[Run] = []
        self._drawn: set[str] = set()
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self, page: str = "") -> float:
        """Open the app at a page's address; return the seconds until it was drawn."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())
        self._socket = await websockets.connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[websockets.Subprotocol("streamlit"), websockets.Subprotocol("PLACEHOLDER_AUTH_TOKEN")],
            additional_headers={"Cookie": cookies},
            origin=websockets.Origin(self.address),
            max_size=_MOST_BYTES,
            proxy=None,
            ping_interval=None,
            compression=None,
        )
        self._reader = asyncio.create_task(self._read())
        run = self._await_run(lambda message: not message.metadata.run.fragment_ids)
        await self._rerun(page_name=page)
        return await self._until(run)

    async def go(self, page: str) -> float:
        """Follow a link of the navigation to a page, such as Annotate; return the seconds until it was drawn."""
        wanted = self._pages[page]
        # What was on the page before is gone; widgets of other pages have no state.
        self._leave_desk()
        self.buttons.clear()
        self.fragments.clear()
        run = self._await_run(
            lambda message: not message.metadata.run.fragment_ids and message.new_session.page_script_hash == wanted
        )
        await self._rerun(page_script_hash=wanted)
        return await self._until(run)

    async def press(self, key: str) -> float:
        """Press a button of the page; return the seconds until what follows was drawn."""
        button = self.buttons[key]
        run = self._await_run()
        state = WidgetState(id=button.id, trigger_value=True)
        await self._rerun([state], fragment_id=self.fragments.get(key, ""))
        return await self._until(run)

    async def label(self, name: str) -> float:
        """Press the key of a class at the desk; return the seconds until another photo was there.

        Raises TooLate if none came.
        """
        desk = self.desk
        assert desk is not None
        photo, began = desk.photo, time.perf_counter()
        said = await self._ask(desk, {"do": "label", "photo": photo, "label": name})
        seconds = time.perf_counter() - began
        if self.desk is None or self.desk.photo != photo or said.get("redraw"):
            return seconds
        raise TooLate(f"the desk still shows the same photo: {said.get('problem') or self.desk.view['message']}")

    async def close(self) -> None:
        """Close the tab."""
        self._stop_timers()
        self._leave_desk()
        for task in list(self._background):
            task.cancel()
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    # What is sent

    async def _rerun(self, states: list[WidgetState] | None = None, **state: Any) -> None:
        message = BackMsg()
        client = message.rerun_script
        client.query_string = self._query
        client.page_script_hash = state.get("page_script_hash", self._page)
        client.page_name = state.get("page_name", "")
        client.fragment_id = state.get("fragment_id", "")
        client.is_auto_rerun = state.get("is_auto_rerun", False)
        client.cached_message_hashes.extend(self._kept)
        client.context_info.timezone, client.context_info.locale = "Europe/Berlin", "en-GB"
        client.context_info.url, client.context_info.color_scheme = self.address, "light"
        client.widget_states.widgets.extend(states or [])
        try:
            await self._socket.send(message.SerializeToString())
        except websockets.ConnectionClosed as error:
            raise TabClosed(str(error)) from error

    async def _repeat(self, fragment: str, seconds: float) -> None:
        """Ask for a fragment again and again, as the browser does for ``run_every``."""
        while True:
            await asyncio.sleep(seconds)
            with contextlib.suppress(TabClosed):
                await self._rerun(fragment_id=fragment, is_auto_rerun=True)

    async def _ask(self, desk: Desk, wish: dict[str, Any]) -> dict[str, Any]:
        """Ask the desk's address, and show what it answers."""
        try:
            answer = await self._client.post(f"/desk/{desk.token}", json=wish, timeout=self.patience)
        except httpx.HTTPError as error:
            raise TooLate(f"no answer from the desk: {type(error).__name__}") from None
        said: dict[str, Any] = answer.json() if answer.status_code in (200, 400, 404, 500) else {}
        if answer.status_code != 200 and self.desk is desk:
            self.errors.append(f"the desk answered {answer.status_code}: {answer.text[:200]}")
        self.received += len(answer.content)
        if self.desk is not desk:
            return said
        if said.get("view"):
            self._show_desk(desk, said["view"])
        if said.get("redraw"):
            self._leave_desk()
            with contextlib.suppress(TabClosed):
                await self._rerun(fragment_id=desk.fragment)
        return said

    async def _look(self, desk: Desk) -> None:
        """Ask again and again whether something has changed at the desk."""
        while self.desk is desk:
            await asyncio.sleep(0.3 if desk.view["waiting"] else desk.seconds)
            with contextlib.suppress(TooLate):
                await self._ask(desk, {"do": "look", "photo": desk.photo})

    def _show_desk(self, desk: Desk, view: dict[str, Any]) -> None:
        if view["version"] >= desk.view["version"]:
            desk.view = view
        for address in (view["photo"]["src"], view["next"]):
            if address:
                self._fetch(f"/{address}")

    def _leave_desk(self) -> None:
        self.desk = None
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    # What is received

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                self.messages, self.received = self.messages + 1, self.received + len(raw)
                self._take(ForwardMsg.FromString(raw))
        except websockets.ConnectionClosed:
            pass
        finally:
            for run in self._waiting:
                if not run.done.done():
                    run.done.set_exception(TabClosed("the server closed the connection"))
            self._waiting.clear()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            kept = self._kept.get(message.ref_hash)
            if kept is None:
                self.errors.append("the server referred to a message that it has not sent")
                return
            whole = ForwardMsg()
            whole.CopyFrom(kept)
            whole.metadata.CopyFrom(message.metadata)
            message, kind = whole, whole.WhichOneof("type")
        elif message.metadata.cacheable and message.hash:
            self._kept[message.hash] = message
            while len(self._kept) > _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        if kind == "new_session":
            self._begin(message)
        elif kind == "navigation":
            self._note_pages(message.navigation.app_pages)
        elif kind == "script_finished":
            self._finish(message)
        elif kind == "auto_rerun":
            self._time(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            self._stop_timers()
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta, tuple(message.metadata.delta_path))

    def _begin(self, message: ForwardMsg) -> None:
        session = message.new_session
        self._note_pages(session.app_pages)
        if not message.metadata.run.fragment_ids:
            self._stop_timers()
            self._page = session.page_script_hash
            self._drawn = set()
            self._shown.clear()
        for run in self._waiting:
            run.started = run.started or run.begins(message)

    def _finish(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        ended = time.perf_counter()
        whole = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        if whole:  # what was not drawn again has left the page
            self.buttons = {key: one for key, one in self.buttons.items() if key in self._drawn}
        for run in [one for one in self._waiting if one.started]:
            self._waiting.remove(run)
            if not run.done.done():
                run.done.set_result(ended - run.began)

    def _draw(self, delta: Any, place: tuple[int, ...]) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            key = element.button.id.split("-", _USER_KEY)[-1]
            self.buttons[key] = element.button
            self._drawn.add(key)
            self.fragments[key] = delta.fragment_id
        elif kind == "bidi_component" and element.bidi_component.id.endswith("-annotate-desk"):
            data = json.loads(element.bidi_component.json)
            if self.desk is None or self.desk.token != data["token"]:
                self._leave_desk()
                self.desk = Desk(data["token"], data["seconds"], data["view"], delta.fragment_id)
                self._looking = asyncio.create_task(self._look(self.desk))
            self._show_desk(self.desk, data["view"])
        elif kind == "imgs":
            for one in element.imgs.imgs:
                self._shown[place] = one.url
                self._fetch(one.url)
        elif kind == "exception":
            self.errors.append(f"exception on a page: {element.exception.message[:200]}")
        elif kind == "alert" and "Something went wrong" in element.alert.body:
            self.errors.append(element.alert.body[:200])

    def _fetch(self, url: str) -> None:
        if url.startswith(("/media/", "/desk/")) and url not in self._fetched:
            self._fetched.add(url)
            task = asyncio.create_task(self._load(url))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _load(self, url: str) -> None:
        try:
            answer = await self._client.get(url)
            self.pictures += 1
            # The server forgets a picture that is no longer on the page; a browser that is late loads it in vain.
            of_desk = self.desk is not None and url.endswith(str(self.desk.view["photo"]["src"]))
            if answer.status_code != 200 and (of_desk or url in self._shown.values()):
                self.errors.append(f"{url.split('?')[0]} answered {answer.status_code}")
        except httpx.HTTPError as error:
            self.errors.append(f"a picture was not loaded: {type(error).__name__}")

    def _note_pages(self, pages: Any) -> None:
        for page in pages:
            self._pages[page.url_pathname or page.page_name] = page.page_script_hash
            if page.is_default:
                self._pages["Home"] = page.page_script_hash

    def _time(self, fragment: str, seconds: float) -> None:
        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(self._repeat(fragment, seconds))

    def _stop_timers(self) -> None:
        for task in self._timers.values():
            task.cancel()
        self._timers.clear()

    def _await_run(self, begins: Callable[[ForwardMsg], bool] = lambda message: True) -> Run:
        run = Run(time.perf_counter(), begins)
        self._waiting.append(run)
        return run

    async def _until(self, run: Run) -> float:
        try:
            return await asyncio.wait_for(run.done, self.patience)
        except TimeoutError:
            if run in self._waiting:
                self._waiting.remove(run)
            raise TooLate(f"no answer within {self.patience:g} s") from None
