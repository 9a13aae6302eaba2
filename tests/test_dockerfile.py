"""The container's settings, read from the Dockerfile: a build needs a container engine and the internet."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(("space", "switched_off"), [("ada/owls", True), (None, False), ("", False)])
def test_only_in_a_space_is_the_xsrf_check_switched_off(tmp_path: Path, space: str | None, switched_off: bool) -> None:
    """It was off for everyone, though only a Space shows the app in another site's frame."""
    assert "XSRF_PROTECTION" not in DOCKERFILE
    (command,) = re.findall(r'^CMD \["sh", "-c", "(.*)"\]$', DOCKERFILE, re.M)
    streamlit = tmp_path / "streamlit"
    streamlit.write_text('#!/bin/sh\necho "$@"\n')
    streamlit.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | ({} if space is None else {"SPACE_ID": space})
    said = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=True).stdout
    assert said.startswith("run app.py")
    assert ("--server.enableXsrfProtection=false" in said) is switched_off


def test_the_container_offers_no_files_of_the_server() -> None:
    assert "RESNET_STUDIO_SERVER_FILES=off" in DOCKERFILE
