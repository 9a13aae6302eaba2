"""A training that a page has started leaves the processor to the pages."""

import subprocess
import sys

from core.background_process import TRAINING_STEPS
from core.workspace import REPOSITORY

TRAIN = """
import os
from core.cli import training
from core.runs import folder, worker

class Ended:
    state = "finished"

def work(run, workspace, own_process):
    print("priority", os.getpriority(os.PRIO_PROCESS, 0))
    return Ended()

folder.open_run, worker.work = lambda reference, workspace: None, work
print("before", os.getpriority(os.PRIO_PROCESS, 0))
training._train_in_background("a-run")
"""


def test_a_training_of_a_page_has_a_low_priority(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], cwd=REPOSITORY, env={"RESNET_STUDIO_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = dict(line.split() for line in done.stdout.splitlines())
    assert int(said["priority"]) == min(19, int(said["before"]) + TRAINING_STEPS)
