"""Parse the XML of strangers safely: as a whole, or one element below its root after the other in bounded memory."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

MOST_ELEMENTS = 200_000
"""The most elements that one below the root may hold."""


class XmlRefused(ValueError):
    """The file is not XML that is read to its end; the message is half a sentence."""


def parse_xml(text: str) -> Element:
    """Return the root of an XML text. Raises XmlRefused."""
    with _refusals():
        root: Element = fromstring(text, forbid_dtd=True)
    return root


def root_of(data: bytes) -> str | None:
    """Return the name of the root element; None for what is not XML."""
    try:
        for _, element in iterparse(io.BytesIO(data[: 2**16]), events=("start",), forbid_dtd=True):
            return str(element.tag)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return None


def elements_of(data: bytes) -> Iterator[Element]:
    """Yield the elements below the root; each is emptied when the next one is asked for. Raises XmlRefused."""
    depth, count = 0, 0
    root: Element | None = None
    with _refusals():
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                root = element if root is None else root
                depth, count = depth + 1, count + 1
                if count > MOST_ELEMENTS:
                    raise XmlRefused(f"one of its elements holds more than {MOST_ELEMENTS:,} others")
                continue
            depth -= 1
            if depth == 1 and root is not None:
                yield element
                root.clear()
                count = 0


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise XmlRefused for everything that a parser says against a file."""
    try:
        yield
    except XmlRefused:
        raise
    except ParseError as error:
        raise XmlRefused(f"it is not XML ({error})") from error
    except DefusedXmlException as error:
        raise XmlRefused("it declares XML entities, which are not safe to read") from error
    except LookupError as error:
        raise XmlRefused("its encoding is not known") from error
    except ValueError as error:
        raise XmlRefused("it is not XML") from error
