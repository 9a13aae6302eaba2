"""A file's digest is what sha256sum prints, and is computed again when the file changes."""

import hashlib
from pathlib import Path

import pytest

from core.models import file_hash
from core.models.file_hash import known_sha256_of, sha256_of


def test_the_digest_is_the_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc" * 1_000_000)
    assert sha256_of(path) == known_sha256_of(path) == hashlib.sha256(b"abc" * 1_000_000).hexdigest()
    with pytest.raises(FileNotFoundError):
        known_sha256_of(tmp_path / "b")


def test_it_is_computed_again_only_for_a_changed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = tmp_path / "a", []
    monkeypatch.setattr(file_hash, "sha256_of", lambda one: read.append(one) or sha256_of(one))
    path.write_bytes(b"abc")
    first = known_sha256_of(path)
    assert known_sha256_of(path) == first and len(read) == 1
    path.write_bytes(b"abcd")
    assert known_sha256_of(path) == sha256_of(path) != first and len(read) == 2
