"""Several zips, given together or in one folder: the samples of Teachable Machine, and others."""

import io
import zipfile
from pathlib import Path

from tests.cli.conftest import Core
from tests.data.builders import picture


def samples(path: Path, first: int, *names: str) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, name in enumerate(names, start=first):
            archive.writestr(name, picture(number))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out.getvalue())
    return path


def test_zips_that_are_given_together_are_one_import(here: Core, tmp_path: Path) -> None:
    cat = samples(tmp_path / "a" / "cat-samples.zip", 0, "0.png", "1.png")
    dog = samples(tmp_path / "b" / "dog-samples.zip", 5, "0.png")
    more = samples(tmp_path / "b" / "cat-samples.zip", 8, "0.png")
    done = here("import", cat, dog, more, "--project", "Together")
    assert done.returncode == 0, done.stderr
    assert "cat" in done.stderr + done.stdout
    done = here("labels", "--project", "Together", "--format", "folders", "--out", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        folders = [name.partition("/")[0] for name in archive.namelist() if name.endswith(".png")]
    assert sorted(folders) == ["cat", "cat", "cat", "dog"]


def test_a_zip_in_a_folder_that_holds_no_samples_is_named(here: Core, tmp_path: Path) -> None:
    samples(tmp_path / "set" / "cat-samples.zip", 0, "0.png")
    samples(tmp_path / "set" / "dog.zip", 5, "0.png")
    done = here("import", tmp_path / "set", "--project", "Named")
    assert done.returncode == 0 and "dog.zip: a zip among other files is not opened" in done.stderr
    samples(tmp_path / "others" / "dog.zip", 5, "0.png")
    done = here("import", tmp_path / "others", "--project", "Others")
    assert done.returncode == 2 and "dog.zip: a zip among other files is not opened" in done.stderr


def test_zips_and_other_files_are_not_given_together(here: Core, tmp_path: Path) -> None:
    cat = samples(tmp_path / "cat-samples.zip", 0, "0.png")
    (tmp_path / "a.npz").write_bytes(b"")
    done = here("import", cat, tmp_path / "a.npz", "--project", "Mixed")
    assert done.returncode == 2 and "several zips only" in " ".join(done.stderr.replace("│", " ").split())
    done = here("import", cat, tmp_path / "gone.zip", "--project", "Mixed")
    assert done.returncode == 2 and "gone.zip" in done.stderr
