"""The command background: text and JSON, the result that is kept in the run, and what cannot be done."""

import json
from pathlib import Path

from core.inspection.background.kept_result import result_path
from core.inspection.background.result import Background
from core.inspection.background.variants import VARIANTS
from tests.cli.conftest import Core


def test_backgrounds_are_changed_once_and_the_result_is_kept(here: Core, run: Path) -> None:
    words = ["background", run, "--region", "centre", "--device", "cpu"]
    done = here(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["region"], found["n"], found["available"]) == ("centre", 4, 4)
    assert list(found["accuracy"]) == list(VARIANTS) and found["accuracy"]["original"]["n"] == 4
    assert {one["label"] for one in found["photos"]} == {"red", "green"}
    assert all(one["other_background_class"] != one["label"] for one in found["photos"])
    assert (
        found["slices"]["class"]["worst"] is None
        and "none can be called the worst" in found["slices"]["class"]["sentence"]
    )
    kept = result_path(run, "centre")
    written = kept.stat().st_mtime_ns
    text = here(*words)
    assert text.returncode == 0, text.stderr
    assert kept.stat().st_mtime_ns == written and "changing the backgrounds" not in text.stderr
    assert text.stdout.splitlines()[0] == found["verdict"]
    assert "Background of another class" in text.stdout and "by class: " in text.stdout
    assert "its rim counts as background" in text.stderr
    few = here(*words, "--photos", 2)
    assert few.returncode == 0 and kept.stat().st_mtime_ns != written
    assert len(Background.read(kept).photos) == 2 and "2 of 4 validation photos" in few.stdout


def test_what_cannot_be_done_is_one_plain_sentence(here: Core, run: Path) -> None:
    for words, said in (
        (
            [run, "--region", "boxes"],
            "No photo of this run has a drawn box. Draw boxes, or use --region hot or centre.",
        ),
        ([run, "--region", "edge"], "There is no region 'edge'. Use one of: boxes, hot, centre."),
        (["no-such-run"], "There is no run 'no-such-run'"),
    ):
        done = here("background", *words)
        assert (done.returncode, done.stdout) == (2, ""), said
        assert said in done.stderr and len(done.stderr.splitlines()) == 1
