"""Opens the demo's page on a port."""

# ruff: noqa: T201  (a program that prints its address)

import time

import gradio as gr

from core.errors import StudioError
from demo_parts.files import ASSETS, EXAMPLE_FOLDERS, HERE, THEME

MAX_QUEUE = 32


def serve(blocks: gr.Blocks, port: int | None) -> None:
    """Open the page, print its address and wait for Ctrl+C."""
    blocks.queue(max_size=MAX_QUEUE)
    try:
        _, address, _ = blocks.launch(
            server_port=port,
            theme=gr.themes.Base(**THEME["base"]).set(**THEME["colours"]),
            css_paths=ASSETS / "demo.css",
            js=(ASSETS / "demo.js").read_text(encoding="utf-8"),
            favicon_path=ASSETS / "favicon.svg",
            footer_links=[],
            max_file_size="64mb",
            run_history=False,
            state_session_capacity=200,
            ssr_mode=False,
            quiet=True,
            allowed_paths=[str(HERE / folder) for folder in EXAMPLE_FOLDERS],
            prevent_thread_lock=True,
        )
    except OSError as error:
        found = f"Port {port} is" if port else "The ports from 7860 to 7959 are"
        raise StudioError(f"{found} taken or not allowed. Choose another port with --port.") from error
    print(f"The demo is open at {address}  (Ctrl+C stops it)", flush=True)
    try:
        while True:
            time.sleep(1)
    finally:
        blocks.close(verbose=False)


def checked_port(text: str | None) -> int | None:
    """Return a port from the command line or GRADIO_SERVER_PORT; raises StudioError for anything else."""
    if text and not (text.isdecimal() and text.isascii() and len(text) <= 5 and 0 < int(text) < 2**16):
        raise StudioError(f"{text[:20]!r} is not a port. Choose a number from 1 to 65535.")
    return int(text) if text else None
