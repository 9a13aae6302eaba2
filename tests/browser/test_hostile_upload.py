"""Files that mean harm, uploaded as a visitor would: each is refused with a reason, and the good ones are taken."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.server import Server
from tests.browser.test_newcomer import go, settled


def picture(color: tuple[int, int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (60, 40), color).save(stream, "PNG")
    return stream.getvalue()


def bomb() -> bytes:
    """A PNG of some hundred bytes whose header promises 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def hostile_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good/red one.png", picture((200, 30, 30)))
        archive.writestr("good/grün.png", picture((30, 200, 30)))
        archive.writestr("../../climbed.png", picture((30, 30, 200)))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("empty.png", b"")
        archive.writestr("cut.png", picture((9, 9, 9))[:60])
        archive.writestr("bomb.png", bomb())
        archive.writestr("page.png", b"<html><script>alert(1)</script></html>")
    return path


def test_what_means_harm_is_refused_and_the_rest_is_taken(page: Page, fresh_server: Server, tmp_path: Path) -> None:
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(fresh_server.url)
    settled(page)
    page.get_by_label("Name", exact=True).fill("<img src=x onerror=alert(2)> *hostile*")
    page.get_by_role("button", name="Create project").click()
    # A new project opens where its photos are added.
    expect(page.get_by_role("heading", name="Data", exact=True, level=1)).to_be_visible()
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(hostile_zip(tmp_path / "photos.zip"))
    take = page.get_by_role("button", name="Import", exact=False).filter(has_text="photo")
    expect(take).to_be_visible(timeout=60_000)
    settled(page)
    expect(page.get_by_text("not imported: it is a link")).to_be_visible()
    page.wait_for_timeout(500)  # the table moves the button down when it is drawn
    take.dblclick()
    expect(page.get_by_role("heading", name="2 photos imported")).to_be_visible(timeout=60_000)
    settled(page)
    store = sorted((fresh_server.home / "images").rglob("*.*"))
    assert len(store) == 2, store
    assert not list(fresh_server.home.parent.rglob("climbed*"))
    assert alerts == []
    # The server lives: another page opens.
    go(page, "Annotate")
