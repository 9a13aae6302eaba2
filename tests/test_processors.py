"""Containers give a process fewer processors than the machine has."""

import itertools
import os
from pathlib import Path

import pytest
import torch

from core import processors
from core.processors import (
    ProcessorShare,
    available_processors,
    computes_with_avx2_at_best,
    has_bfloat16_tiles,
    has_bfloat16_units,
    has_int8_dot_products,
    limit_threads,
    present_slowdown,
    processor_name,
    slowdown,
)


@pytest.fixture(autouse=True)
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_quota_the_processors_it_may_run_on_count(tmp_path: Path) -> None:
    assert available_processors(tmp_path) == 16
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "max 100000\n")
    assert available_processors(tmp_path) == 16


@pytest.mark.parametrize(("quota", "count"), [("200000", 2), ("150000", 2), ("50000", 1), ("9900000", 16)])
def test_a_containers_quota_counts(quota: str, count: int, tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", f"{quota} 100000\n")
    assert available_processors(tmp_path) == count


def test_a_quota_of_a_group_above_counts_too(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/kubepods/pod1/box\n")
    write(tmp_path / "sys/fs/cgroup/kubepods/pod1/box/cpu.max", "max 100000\n")
    write(tmp_path / "sys/fs/cgroup/kubepods/pod1/cpu.max", "300000 100000\n")
    assert available_processors(tmp_path) == 3


def test_the_first_version_of_control_groups_counts_too(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n0::/\n")
    for name, value in (("quota", "400000"), ("period", "100000")):
        write(tmp_path / f"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_{name}_us", value + "\n")
    assert available_processors(tmp_path) == 4
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
    assert available_processors(tmp_path) == 16


@pytest.mark.parametrize("text", ["", "many 100000", "200000", "200000 0", "-5 10", "\x00\xff"])
def test_unreadable_quotas_are_no_quotas(text: str, tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\nnonsense\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", text)
    assert available_processors(tmp_path) == 16


def test_a_system_without_affinity_counts_its_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_processors(tmp_path) == 64


def test_a_busy_machine_is_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 of 64 processors are for this process."""
    for busy, factor in ((0.0, 1.0), (48.0, 1.0), (112.0, 2.0)):
        monkeypatch.setattr(os, "getloadavg", lambda busy=busy: (busy, 0.0, 0.0), raising=False)
        assert slowdown() == factor
    monkeypatch.delattr(os, "getloadavg")
    assert slowdown() == 1.0


def test_torch_gets_no_more_threads_than_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(8)
        for allowed, threads in ((3, 3), (16, 3)):  # the second: never more than before
            monkeypatch.setattr("core.processors.available_processors", lambda count=allowed: count)
            limit_threads()
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_nobody_counts_processors_another_way() -> None:
    """os.cpu_count ignores containers, so a quota of 2 of 64 processors would get 64 threads."""
    root = Path(__file__).resolve().parent.parent
    files = [*root.glob("core/**/*.py"), *root.glob("pages/**/*.py"), *root.glob("demo*/**/*.py"), *root.glob("*.py")]
    found = [str(f.relative_to(root)) for f in files if "cpu_count" in f.read_text() and f.stem != "processors"]
    assert not found, f"use core.processors.available_processors in {found}"


def test_the_present_slowdown_is_that_of_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load average said 8 where work took 4 times longer, and expected times were twice too long."""
    wall, computed = itertools.count(0.0, 0.04), itertools.count(0.0, 0.04)
    monkeypatch.setattr(os, "getloadavg", lambda: (8 * 64 - 16.0, 0.0, 0.0), raising=False)
    monkeypatch.setattr(processors.time, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(processors.time, "thread_time", lambda: next(computed))
    processors._measured_slowdown.cache_clear()
    found = present_slowdown()
    assert found == pytest.approx(4.0)  # from the first to the last look at the one clock, by that at the other
    assert present_slowdown(without=2 * (os.cpu_count() or 1)) == pytest.approx(found - 2)
    assert present_slowdown(without=1000) == 1.0
    monkeypatch.setattr(os, "getloadavg", lambda: (2 * 64 - 16.0, 0.0, 0.0))
    assert present_slowdown() == 2.0  # it was an unlucky moment
    processors._measured_slowdown.cache_clear()


def test_a_share_of_the_processors_is_taken_from_look_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    moments, computed = iter([0.0, 10.0, 20.0]), iter([0.0, 5.0, 15.0])
    monkeypatch.setattr(processors.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(processors.time, "process_time", lambda: next(computed))
    monkeypatch.setattr(processors, "available_processors", lambda: 1)
    share = ProcessorShare()
    assert [share.slowdown(), share.slowdown()] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("fma avx2", False),
        ("avx2 avx512_vnni", True),
        ("avx2 avx_vnni", True),
        ("avx512f", False),
        ("avx512_vnni avx512_bf16", True),
        ("avx512_vnni avx512_bf16 amx_bf16", True),
    ],
)
def test_the_processors_model_and_its_sums_of_bytes_are_read_from_linux(
    flags: str, has: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors.platform, "machine", lambda: "x86_64")
    write(tmp_path / "proc/cpuinfo", f"processor\t: 0\nmodel name\t: Zen 3: fast\nflags\t\t: {flags}\n" * 2)
    assert processor_name(tmp_path) == "Zen 3: fast"
    assert has_int8_dot_products(tmp_path) == has
    assert has_bfloat16_units(tmp_path) == ("bf16" in flags)
    assert has_bfloat16_tiles(tmp_path) == ("amx" in flags)
    assert computes_with_avx2_at_best(tmp_path) == ("avx512" not in flags)
    assert not has_bfloat16_units(tmp_path / "elsewhere") and not computes_with_avx2_at_best(tmp_path / "elsewhere")
    assert not has_int8_dot_products(tmp_path / "elsewhere"), "unknown means the careful way"
    monkeypatch.setattr(processors.platform, "machine", lambda: "arm64")
    assert has_int8_dot_products(tmp_path / "elsewhere")
