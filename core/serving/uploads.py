"""Read the photos of a multipart request within limits on their number, bytes and time."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from core.data.tables.names import storable_name
from core.serving.limits import Limits

_FIELDS = 16  # other fields of the form are ignored
_DRAINED = 64 * 2**20  # bytes beyond the limit
_UNNAMED = "photo"


class Uploads:
    """Counts the requests whose photos are still arriving, of all clients and of each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return self._of.total()

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """Hold a place for an upload of a client, whose address this is. Raises RequestRefused if there is none."""
        if self.count >= self._limits.uploads or self._of[client] >= self._limits.uploads_of_one:
            raise RequestRefused(503, "Too many photos are arriving already. Try again in a moment.")
        self._of[client] += 1
        try:
            yield
        finally:
            self._of[client] -= 1
            if not self._of[client]:
                del self._of[client]


@dataclass
class RequestRefused(Exception):
    """A request that is not answered: the HTTP status and the plain sentence for its sender."""

    status: int
    sentence: str


async def uploaded_form(request: Request, limits: Limits) -> FormData:
    """Return the form of a request; its files wait on disk, and the caller closes it. Raises RequestRefused."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        found = f"is {kind[:60]}" if kind else "has no content type"
        raise RequestRefused(415, f"The request {found}. Send the photos as multipart/form-data.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.bytes:
        raise _too_large(limits)
    parser = MultiPartParser(
        request.headers, limited(request.stream(), limits), max_files=limits.photos, max_fields=_FIELDS
    )
    try:
        return await asyncio.wait_for(parser.parse(), limits.upload_seconds)
    except TimeoutError:
        raise RequestRefused(408, f"The photos did not arrive within {limits.upload_seconds:g} seconds.") from None
    except ClientDisconnect:
        raise RequestRefused(400, "The connection ended before all photos had arrived.") from None
    except MultiPartException as error:
        if "files" in error.message:
            raise RequestRefused(
                413, f"The request has more than {limits.photos} photos. Send them in several requests."
            ) from None
        raise RequestRefused(400, f"The request cannot be read as a form ({error.message.rstrip('.')}).") from None


def photos_in(form: FormData) -> list[tuple[str, UploadFile]]:
    """Return the files of a form with their names, whatever their fields are called; raises RequestRefused if none."""
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    if not files:
        raise RequestRefused(400, "The request has no photo. Add one as a file, for example in the field photos.")
    return [(storable_name(file.filename or _UNNAMED), file) for file in files]


async def limited(chunks: AsyncIterator[bytes], limits: Limits) -> AsyncGenerator[bytes, None]:
    """Pass on a body up to the limit: its length is not always declared, and not always right.

    Some of what is too much is still received: a client that cannot send sees a broken connection, not the reason.
    """
    received = 0
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks), limits.silent_seconds)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise RequestRefused(408, f"No byte of the photos came for {limits.silent_seconds:g} seconds.") from None
        received += len(chunk)
        if received > limits.bytes + _DRAINED:
            break
        if received <= limits.bytes:
            yield chunk
    if received > limits.bytes:
        raise _too_large(limits)


def _too_large(limits: Limits) -> RequestRefused:
    return RequestRefused(
        413, f"The request is larger than {limits.megabytes} MB. Send fewer photos, or make them smaller."
    )
