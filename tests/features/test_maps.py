"""Stored maps: found by content, shared by processes, recomputed if damaged, within the disk budget."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError
from core.features.half_maps import TooLargeForHalf, as_half
from core.features.maps import Maps, read
from core.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def maps(workspace: Workspace) -> Maps:
    return Maps(workspace, "net/fp32/original/layer3")


def name(number: int) -> str:
    return f"{number:064x}"


def stage_map(number: int) -> np.ndarray:
    """Return [C, h, w], as a network computes it."""
    return np.random.default_rng(number).normal(size=(5, 2, 3)).astype(np.float32)


def add(maps: Maps, *numbers: int) -> None:
    maps.add([name(one) for one in numbers], [as_half(stage_map(one)) for one in numbers])


def test_maps_come_in_the_order_asked_for_as_channels_last(maps: Maps) -> None:
    add(maps, 1, 2)
    add(maps, 3)
    assert maps.missing([name(4), name(1), name(4), name(3)]) == [name(4)]
    places = maps.places([name(one) for one in (3, 1, 2, 9)])
    assert list(places) == [name(3), name(1), name(2)]
    found = read([places[name(3)], places[name(1)], places[name(3)]])
    assert found.dtype == np.float16 and found.shape == (3, 2, 3, 5) and found.flags.c_contiguous
    expected = np.stack([stage_map(one).transpose(1, 2, 0) for one in (3, 1, 3)])
    np.testing.assert_allclose(found, expected, rtol=2**-11, atol=1e-7)


def test_what_another_store_adds_is_found_and_what_it_deletes_is_missing(workspace: Workspace, maps: Maps) -> None:
    other = Maps(workspace, maps.name)
    assert maps.missing([name(1)]) == [name(1)]
    add(other, 1)
    assert maps.missing([name(1)]) == []
    assert Maps(workspace, "net/bf16/original/layer3").missing([name(1)]) == [name(1)]
    shutil.rmtree(maps.folder)
    assert maps.missing([name(1)]) == [name(1)]


@pytest.mark.parametrize("left", [0, 9, 100, -1])
def test_a_damaged_chunk_is_taken_away(left: int, workspace: Workspace, maps: Maps) -> None:
    add(maps, 1)
    add(maps, 2)
    path, _ = maps.places([name(1)])[name(1)]
    path.write_bytes(path.read_bytes()[:left])
    again = Maps(workspace, maps.name)
    assert again.missing([name(1), name(2)]) == [name(1)]
    assert not path.exists() and len(list(maps.folder.glob("*.npy"))) == 1


def test_a_chunk_that_is_deleted_while_in_use_is_a_sentence(maps: Maps) -> None:
    add(maps, 1)
    place = maps.places([name(1)])[name(1)]
    place[0].unlink()
    with pytest.raises(DataError, match=r"was deleted or damaged .* Resume the run"):
        read([place])


def test_a_chunk_that_was_cut_while_in_use_is_a_sentence(maps: Maps) -> None:
    add(maps, 1, 2)
    places = maps.places([name(1), name(2)])
    path, _ = places[name(2)]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"was deleted or damaged .* Resume the run"):
        read([places[name(1)], places[name(2)]])


def test_a_place_that_a_chunk_does_not_have_is_no_map(maps: Maps) -> None:
    add(maps, 1, 2)
    path, _ = maps.places([name(1)])[name(1)]
    with pytest.raises(DataError, match="was deleted or damaged"):
        read([(path, 2)])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not say what is mapped")
def test_maps_that_were_read_are_no_memory_of_the_process(maps: Maps) -> None:
    blocks = [np.ones((256, 64, 64), np.float16) for _ in range(32)]  # 2 MB each
    maps.add([name(one) for one in range(32)], blocks)
    places = maps.places([name(one) for one in range(32)])
    for place in places.values():
        read([place])
    assert str(maps.folder) not in Path("/proc/self/maps").read_text()


def test_values_beyond_half_precision_are_not_stored() -> None:
    with pytest.raises(TooLargeForHalf):
        as_half(np.full((1, 1, 1), 7e4, np.float32))
    with pytest.raises(TooLargeForHalf):
        as_half(np.full((1, 1, 1), np.nan, np.float32))
    assert as_half(np.full((1, 1, 1), 6e4, np.float32))[0, 0, 0] == 6e4
