"""Coloured cards that are held before Chromium's fake camera, so that its pictures differ as those of a class do."""

from playwright.sync_api import Page

CARDS = {"red card": "#c02020", "blue card": "#2040c0", "yellow card": "#e0d020", "violet card": "#9030c0"}

# What the page gets for a camera: the fake one's moving picture, most of it covered by the card. The page under test
# knows no difference, and each frame is another one.
CAMERA = """
const fake = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (fake) navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await fake(wanted);
    const video = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
    await video.play();
    const [width, height] = [video.videoWidth, video.videoHeight];
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d");
    const draw = () => {
        pen.drawImage(video, 0, 0);
        pen.fillStyle = window.card ?? "transparent";
        pen.fillRect(0, height * 0.2, width, height * 0.8); // the running time above stays in sight
        window.shownCard = window.card;
    };
    const timer = setInterval(draw, 60);
    const shown = canvas.captureStream();
    const [track] = shown.getTracks();
    const stop = track.stop.bind(track);
    track.stop = () => {
        clearInterval(timer);
        for (const one of stream.getTracks()) one.stop();
        stop();
    };
    draw();
    return shown;
};
"""


def show_card(page: Page, name: str) -> None:
    """Hold a card before the camera, and wait until the camera sees it."""
    page.evaluate(f"window.card = '{CARDS[name]}'")
    until(page, "window.shownCard === window.card")


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the policy of the exported page forbids what Playwright's own function for this does."""
    page.evaluate(
        f"""new Promise((done, failed) => {{
            const end = performance.now() + 120000;
            const look = () => {{
                if ({condition}) return done();
                if (performance.now() > end) return failed(new Error("waited two minutes in vain"));
                setTimeout(look, 50);
            }};
            look();
        }})"""
    )
