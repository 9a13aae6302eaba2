"""The push command against a local stand-in for the Hub."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.export.hub.drawn_pictures import save_chart
from core.export.hub.secrets import secret_reason
from tests.cli.conftest import Core, here
from tests.export.hub.hub_stub import Hub, serving_hub
from tests.inspection.conftest import photo

__all__ = ["here"]

MODEL = "---\npipeline_tag: image-classification\n---\n# Owls\n"
SPACE = (
    "---\ntitle: Owls\nsdk: gradio\nsdk_version: '6.0'\napp_file: app.py\nsuggested_hardware: zero-a10g\n---\n# Owls\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving_hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
        monkeypatch.setattr("core.export.hub.push.get_token", lambda: "hf_secret")
        monkeypatch.setattr("core.export.hub.push.HfApi", lambda: real(endpoint=hub.address, token="hf_secret"))
        yield hub


def real(endpoint: str, token: str) -> object:
    from huggingface_hub import HfApi

    return HfApi(endpoint=endpoint, token=token)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    (folder / "sample_images").mkdir(parents=True)
    (folder / "README.md").write_text(MODEL, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "known.js").write_text("numbers", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "foreign.safetensors").write_bytes(b"vectors")
    photo(1).save(folder / "sample_images" / "owl.jpg")
    photo(2).save(folder / "heatmap.png")
    save_chart(photo(3), folder / "confusion-matrix.png")
    return folder


def test_it_lists_what_it_publishes_and_holds_photos_back(here: Core, hub: Hub, folder: Path) -> None:
    done = here("push", folder, "ada/owls", "--private", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["address"] == f"{hub.address}/ada/owls" and said["kind"] == "model"
    published = {"README.md", "data/known.js", "model.safetensors", "foreign.safetensors", "confusion-matrix.png"}
    assert set(hub.files["ada/owls"]) == published == set(said["files"])
    for name in ("foreign.safetensors", "data/known.js"):
        assert f"{name} holds vectors of training photos, not the photos." in done.stderr
    assert hub.files["ada/owls"]["model.safetensors"] == b"weights"
    assert hub.repositories["ada/owls"]["visibility"] == "private" and "Bearer hf_secret" in hub.tokens
    assert "model.safetensors  7 bytes" in done.stderr and "(private)" in done.stderr
    assert "Held back (it is a picture): heatmap.png, sample_images/owl.jpg" in done.stderr


def test_photos_go_only_if_they_are_asked_for(here: Core, hub: Hub, folder: Path) -> None:
    done = here("push", folder, "ada/owls", "--with-photos", "--yes")
    assert done.returncode == 0, done.stderr
    assert {"heatmap.png", "sample_images/owl.jpg"} <= set(hub.files["ada/owls"])
    assert "public: everyone can see it" in done.stderr and f"Published: {hub.address}/ada/owls" in done.stdout


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("", 130)])
def test_it_asks_before_it_publishes(
    here: Core, hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    done = here("push", folder, "ada/owls")
    assert done.returncode == status and bool(hub.repositories) is (status == 0), done.stderr


def test_a_space_is_created_with_its_kind_and_hardware(here: Core, hub: Hub, folder: Path) -> None:
    (folder / "README.md").write_text(SPACE, encoding="utf-8")
    (folder / "app.py").write_text("print('hello')", encoding="utf-8")
    done = here("push", folder, "ada/owls", "--space", "--yes")
    assert done.returncode == 0, done.stderr
    created = hub.repositories["ada/owls"]
    assert (created["type"], created["sdk"], created["hardware"]) == ("space", "gradio", "zero-a10g")
    assert f"{hub.address}/spaces/ada/owls" in done.stdout and "app.py" in hub.files["ada/owls"]
    other = here("push", folder, "ada/owls", "--model", "--yes")
    assert other.returncode == 2 and "is a space, not a model" in other.stderr


def test_a_page_with_photos_in_it_is_not_published_without_itself(here: Core, hub: Hub, folder: Path) -> None:
    static = "---\ntitle: Owls\nsdk: static\napp_file: index.html\n---\n"
    (folder / "README.md").write_text(static, encoding="utf-8")
    (folder / "index.html").write_text("<img src='data:image/jpeg;base64," + "A" * 60 + "'>", encoding="utf-8")
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 2 and "index.html, the page itself, is held back: it holds pictures." in done.stderr
    assert not hub.repositories


def test_a_name_that_is_taken_needs_update(here: Core, hub: Hub, folder: Path) -> None:
    here("push", folder, "ada/owls", "--yes")
    (folder / "model.safetensors").write_bytes(b"newer")
    taken = here("push", folder, "ada/owls", "--yes")
    assert taken.returncode == 2
    assert taken.stderr.splitlines()[-1] == (
        "There is already a model ada/owls. Choose another name, or replace its files with --update."
    )
    assert here("push", folder, "ada/owls", "--yes", "--update").returncode == 0
    assert hub.files["ada/owls"]["model.safetensors"] == b"newer"


def test_an_update_that_is_to_be_private_never_goes_to_a_public_repository(here: Core, hub: Hub, folder: Path) -> None:
    """The Hub answers that the name is taken, and leaves it public."""
    assert here("push", folder, "ada/owls", "--yes").returncode == 0
    (folder / "model.safetensors").write_bytes(b"not for everyone")
    done = here("push", folder, "ada/owls", "--yes", "--private", "--update")
    assert done.returncode == 2 and "everyone can see it. Nothing was published." in done.stderr.splitlines()[-1]
    assert hub.files["ada/owls"]["model.safetensors"] == b"weights"
    hub.repositories["ada/owls"]["visibility"] = "private"
    assert here("push", folder, "ada/owls", "--yes", "--private", "--update").returncode == 0
    assert hub.files["ada/owls"]["model.safetensors"] == b"not for everyone"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("create", 401, "does not accept your token"),
        ("create", 402, "needs a paid account"),
        ("create", 403, "may not write to ada/owls"),
        ("create", 429, "Try again in a few minutes"),
        ("create", 500, "error 500"),
        ("preupload", 403, "was created, but not filled"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(
    here: Core, hub: Hub, folder: Path, path: str, status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None, raising=False)
    hub.refuse[path] = (status, "No.")
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 2 and words in done.stderr.splitlines()[-1], done.stderr
    assert "Traceback" not in done.stderr and "hf_secret" not in done.stderr


def test_without_a_token_or_a_network_it_says_what_to_do(
    here: Core, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.export.hub.push.get_token", lambda: None)
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 2 and "Run hf auth login" in done.stderr and len(done.stderr.splitlines()) == 1
    monkeypatch.setattr("core.export.hub.push.get_token", lambda: "hf_secret")
    monkeypatch.setattr("core.export.hub.push.HfApi", lambda: real("http://127.0.0.1:9", "hf_secret"))
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("Hugging Face cannot be reached.")


def test_what_is_no_export_or_no_name_is_said(here: Core, hub: Hub, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "status.json").write_text("{}")
    for words, reason in (
        ([tmp_path / "nothing", "ada/owls"], "There is no folder"),
        ([tmp_path / "run", "ada/owls"], "is a run. Export it first"),
        ([tmp_path, "ada/owls"], "has no readable README.md"),
        ([folder, "a/b/c"], "is no name of a repository"),
    ):
        done = here("push", *words, "--yes")
        assert done.returncode == 2 and reason in done.stderr.splitlines()[-1], done.stderr
    (folder / "README.md").write_text("---\nsdk: streamlit\n---\n", encoding="utf-8")
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 2 and "Hugging Face allows gradio, docker, static" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("config.yaml", "login: hf_" + "aB3" * 12, "it holds a token of Hugging Face"),
        ("notes.txt", "-----BEGIN OPENSSH PRIVATE KEY-----", "it holds a private key"),
        ("deploy.pem", "x", "its name is that of a file with keys"),
        ("data/weights.bin", "\0" * (2**22 - 4) + " ghp_" + "a1" * 18, "it holds a token of GitHub"),
    ],
)
def test_nothing_is_published_while_a_file_looks_like_a_secret(
    here: Core, hub: Hub, folder: Path, name: str, text: str, reason: str
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 2 and f"{name} ({reason})" in done.stderr and not hub.repositories
    if name == "config.yaml":
        anyway = here("push", folder, "ada/owls", "--yes", "--with-secrets")
        assert anyway.returncode == 0 and name in hub.files["ada/owls"]


def test_letters_of_a_model_are_no_secret(tmp_path: Path) -> None:
    for text in ("AAhf_" + "a" * 40, "x/AKIA" + "B" * 16, "the tokens hf_... and ghp_..."):
        (tmp_path / "a.js").write_text(text, encoding="utf-8")
        assert secret_reason(tmp_path / "a.js") == ""


def test_every_file_is_listed_and_an_onnx_file_of_others_is_named(here: Core, hub: Hub, folder: Path) -> None:
    for number in range(60):
        (folder / "data" / f"{number}.txt").write_text("x", encoding="utf-8")
    (folder / "theirs.onnx").write_bytes(b"no network")
    done = here("push", folder, "ada/owls", "--yes")
    assert done.returncode == 0, done.stderr
    assert all(f"  data/{number}.txt  1 byte" in done.stderr for number in range(60))
    assert "theirs.onnx " in done.stderr and "what it holds is not known" in done.stderr
