"""Every way to give the demo a photo ends in a prediction with its heatmap, or in a plain sentence."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CHROMIUM_ARGUMENTS, installed_chromium
from tests.browser.demo.conftest import Demo, expect_answer, expect_sentence, open_demo, samples, upload
from tests.inspection.conftest import photo


def saved(format: str, **options: object) -> bytes:
    out = io.BytesIO()
    photo(1, 120, 90).save(out, format, **options)
    return out.getvalue()


def huge() -> bytes:
    """A photo of 25,000 x 4,000 pixels in a small file."""
    out = io.BytesIO()
    Image.new("L", (25_000, 4_000), 200).save(out, "PNG")
    return out.getvalue()


def test_a_sample_photo_is_explained(opened: Page) -> None:
    # Once the samples came from gr.Examples, which replaced the image field, and every sample ended in an error.
    for number in (0, 11):
        samples(opened).nth(number).click()
        expect_answer(opened)
    assert not opened.get_by_text("Error", exact=True).count()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("photo.jpg", saved("JPEG"), "image/jpeg"),
        ("animated.gif", saved("GIF", save_all=True, append_images=[photo(2, 120, 90)]), "image/gif"),
        ("scan.tif", saved("TIFF"), "image/tiff"),  # which Chromium itself cannot show
    ],
    ids=["photo", "animated GIF", "TIFF"],
)
def test_an_uploaded_photo_is_explained(opened: Page, name: str, content: bytes, kind: str) -> None:
    upload(opened, name, content, kind)
    expect_answer(opened)


@pytest.mark.parametrize(
    ("name", "content", "kind", "sentence"),
    [
        ("notes.jpg", b"not a photo", "image/jpeg", "it is a text file, not an image"),
        ("cut.jpg", saved("JPEG")[:900], "image/jpeg", "it is cut off"),
        ("huge.png", huge(), "image/png", "it has 25000 x 4000 pixels"),
        ("iphone.heic", b"\0\0\0\x18ftypheic" + bytes(200), "image/heic", "it is a HEIC photo"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "it is an SVG drawing"),
        ("empty.png", b"", "image/png", "the file is empty"),
    ],
    ids=["text", "cut off", "huge", "HEIC", "SVG", "empty"],
)
def test_a_bad_file_is_said_and_the_old_answer_is_gone(
    opened: Page, name: str, content: bytes, kind: str, sentence: str
) -> None:
    samples(opened).first.click()
    expect_answer(opened)
    upload(opened, name, content, kind)
    expect_sentence(opened, sentence)
    samples(opened).first.click()
    expect_answer(opened)


def test_a_file_of_another_kind_is_not_taken(opened: Page) -> None:
    samples(opened).first.click()
    expect_answer(opened)
    before = opened.locator("#photo img").get_attribute("src")
    upload(opened, "notes.txt", b"not a photo", "text/plain")
    expect(opened.get_by_text("Invalid file type", exact=False).first).to_be_visible()
    assert opened.locator("#photo img").get_attribute("src") == before
    expect_answer(opened)


def test_a_pasted_photo_is_explained(opened: Page, demo: Demo) -> None:
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=demo.address.rstrip("/"))
    opened.evaluate(
        """async (bytes) => {
            const photo = new Blob([new Uint8Array(bytes)], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": photo })]);
        }""",
        list(saved("PNG")),
    )
    opened.get_by_role("button", name="Paste from clipboard").click()
    expect_answer(opened)


@pytest.fixture
def with_camera(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """The demo in a Chromium that has a camera, which films a test picture."""
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    browser = chromium.browser_type.launch(executable_path=installed_chromium(), args=[*CHROMIUM_ARGUMENTS, *fake])
    yield open_demo(browser.new_page(), demo)
    browser.close()


def test_a_photo_of_the_camera_is_explained(with_camera: Page) -> None:
    with_camera.get_by_role("button", name="Capture from camera").click()
    with_camera.get_by_text("Click to Access Webcam").click()
    with_camera.wait_for_function("() => document.querySelector('#photo video')?.videoWidth > 0")
    with_camera.get_by_role("button", name="capture photo").click()
    expect_answer(with_camera)
