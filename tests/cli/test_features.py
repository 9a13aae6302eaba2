import json
from pathlib import Path

import numpy as np

from tests.cli.conftest import Core


def test_features_go_into_one_file_and_what_could_not_be_read_is_said(
    here: Core, run: Path, labels: Path, tmp_path: Path
) -> None:
    images = labels.parent / "images"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    out = tmp_path / "out" / "features.npz"
    done = here("features", run, images, broken, "--stage", "layer4", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    count = len(list(images.iterdir()))
    assert (said["images"], said["shape"], said["stage"]) == (count, [64, 1, 1], "layer4")
    assert [one["filename"] for one in said["refused"]] == [str(broken)] and f"{broken}: " in done.stderr
    with np.load(out) as file:
        assert file["features"].shape == (count, 64, 1, 1) and len(file["filenames"]) == count
    assert [path.name for path in out.parent.iterdir()] == ["features.npz"]

    pooled = here("features", run, images, "--out", tmp_path / "f.parquet")
    assert pooled.returncode == 0 and pooled.stdout.startswith(f"{count} images, 64 numbers each")


def test_features_refuses_before_it_computes(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    (tmp_path / "there.npz").write_bytes(b"somebody's")
    for words, said in (
        (["--out", tmp_path / "there.npz"], "there.npz"),
        (["--out", tmp_path / "f.csv"], ".npz, .parquet"),
        (["--out", tmp_path / "f.npz", "--stage", "layer5"], "pooled, stem, layer1"),
    ):
        done = here("features", run, labels.parent / "images", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert (tmp_path / "there.npz").read_bytes() == b"somebody's" and not (tmp_path / "f.npz").exists()


def test_where_nothing_can_be_read_the_reasons_are_said(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    done = here("features", run, broken, "--out", tmp_path / "f.npz")
    assert done.returncode == 2 and not (tmp_path / "f.npz").exists()
    reason, sentence = done.stderr.splitlines()
    assert reason.startswith(f"{broken}: ") and sentence.startswith("None of the files could be read")
    done = here("features", run, labels, "--out", tmp_path / "f.npz")
    assert done.returncode == 2 and done.stderr.strip() == (
        f"{labels} is a table. Give the images or their folder instead."
    )
