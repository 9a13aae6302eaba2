import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from core.runs.folder import RunFolder
from core.runs.queueing.device_queue import announce_turn, wait_for_turn, withdraw_turn
from core.runs.status import Status, now
from core.workspace import REPOSITORY
from tests.cli.conftest import TINY, TINY_PROCESS, Core, start
from tests.runs.conftest import SMALLEST
from tests.runs.photos import write_packed


@pytest.fixture(scope="module")
def training(
    home: Path, environment: dict[str, str], labels: Path, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    """The output of a training of two epochs that had to wait for its device; its last argument is the run folder."""
    out = tmp_path_factory.mktemp("runs") / "first"
    settings = [*TINY_PROCESS, "--train", "head", "--epochs", 2]
    words = ["train", labels, "--images", labels.parent / "images", *settings, "--out", out]
    (home / "runs" / ".locks").mkdir(parents=True, exist_ok=True)
    with FileLock(home / "runs" / ".locks" / "cpu.lock"):
        process = start(words, environment)
        assert process.stderr is not None
        heard = ""
        while "waiting for" not in heard and (line := process.stderr.readline()):
            heard += line
    out_text, err_text = process.communicate(timeout=120)
    return subprocess.CompletedProcess(list(map(str, words)), process.returncode, out_text, heard + err_text)


@pytest.fixture(scope="module")
def run(training: subprocess.CompletedProcess[str]) -> Path:
    """The run folder of that training."""
    assert training.returncode == 0, training.stderr
    return Path(training.args[-1])


def test_train_prints_each_epoch_then_where_the_run_is(training: subprocess.CompletedProcess[str], run: Path) -> None:
    lines = training.stdout.splitlines()
    assert re.fullmatch(r"epoch 1 of 2: training loss .*, accuracy .*; validation loss .*, accuracy .*", lines[0])
    assert lines[1].startswith("epoch 2 of 2: ")
    assert lines[2].startswith("finished: ")
    assert lines[3].startswith("val accuracy: ") and "of 4;" in lines[3]
    assert lines[4] == f"run: {run}"
    assert "\r" not in training.stderr and "\x1b" not in training.stderr  # no bars outside a terminal


def test_train_says_what_it_waits_for(training: subprocess.CompletedProcess[str]) -> None:
    assert training.stderr.splitlines()[:3] == [
        "With weights none, the frozen layers stay random, so the model can learn little with train head. "
        "Choose train all.",
        'Very few training photos: "green" has 4, "red" has 4. Add photos until each class has at least 20; '
        "until then the result depends on chance.",
        "waiting for another training on this device",
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("json_too", [False, True])
def test_a_training_that_waits_holds_less_than_64_mb(
    home: Path, environment: dict[str, str], labels: Path, tmp_path: Path, json_too: bool
) -> None:
    """It held 302 MB: torch, and what reads the labels."""
    words = ["train", labels, "--images", labels.parent / "images", *TINY_PROCESS, "--out", tmp_path / "run"]
    (home / "runs" / ".locks").mkdir(parents=True, exist_ok=True)
    with FileLock(home / "runs" / ".locks" / "cpu.lock"):
        process = start([*words, *(["--json"] if json_too else [])], environment)
        assert process.stderr is not None
        while "waiting for another training" not in (line := process.stderr.readline()):
            assert line, process.communicate()
        text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        run = RunFolder(tmp_path / "run")
        assert (run.status().state, run.status().pid) == ("queued", process.pid)
        run.write_status(stop_requested=True)
        said, _ = process.communicate(timeout=120)
    [kilobytes] = [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")]
    assert kilobytes < 64_000
    assert run.status().state == "stopped" and process.returncode == 0
    assert (json.loads(said)["state"] if json_too else said.partition(":")[0]) == "stopped"


def test_train_leaves_a_finished_evaluated_run(run: Path) -> None:
    folder = RunFolder(run)
    assert folder.status().state == "finished"
    assert folder.recipe().epochs == 2
    assert folder.report("val") is not None, "and nobody has looked at the test photos"
    assert "report-train.json" not in {path.name for path in run.iterdir()}


def test_train_writes_over_nothing(here: Core, labels: Path, run: Path) -> None:
    before = (run / "status.json").read_bytes()
    done = here("train", labels, "--images", labels.parent / "images", "--out", run)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and "not empty" in done.stderr
    assert (run / "status.json").read_bytes() == before


def test_all_mistakes_in_a_recipe_are_named_together(here: Core, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = here("train", labels, "--out", out, "--epochs", 0, "--optimizer", "adagrad", "--arch", "vgg16")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in ("epochs", "adagrad", "vgg16"))
    assert not out.exists()


def test_usage_mistakes_are_one_plain_sentence_and_exit_with_2(here: Core, labels: Path) -> None:
    train = "; see python -m core train --help."
    for words, sentence in (
        (
            ["train", labels],
            f"Give a labels.csv or files of packed images, and the new run folder with --out{train}",
        ),
        (
            ["train", labels, "--out", "x", "--epochs", "many"],
            f"Invalid value for '--epochs': it must be a whole number{train}",
        ),
        (
            ["train", labels, "--out", "x", "--learning-rate", "fast"],
            f"Invalid value for '--learning-rate': it must be a number{train}",
        ),
        (
            ["train", labels, "--out", "x", "--task", "dance"],
            f"--task is 'dance', but must be one of auto, classification, localization{train}",
        ),
        (["dance"], "No such command 'dance'; see python -m core --help."),
        (["resume"], "Missing argument 'RUN'; see python -m core resume --help."),
        (["predict", "imagenet"], "Missing argument 'IMAGE...'; see python -m core predict --help."),
        (["explain", "imagenet", "x.jpg"], "Missing option '--out'; see python -m core explain --help."),
    ):
        done = here(*words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert done.stderr == sentence + "\n", words
    done = here("train", labels, "--epoch", "3")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "--epochs" in done.stderr


def test_no_words_at_all_show_the_help(here: Core) -> None:
    done = here()
    assert done.returncode == 2 and "Usage: " in done.stderr and "train" in done.stderr


def test_weights_that_cannot_be_used_leave_no_folder_in_the_way(here: Core, labels: Path, tmp_path: Path) -> None:
    out, weights = tmp_path / "run", tmp_path / "evil.pth"
    weights.write_bytes(b"no weights")
    words = ["train", labels, "--images", labels.parent / "images", *TINY, "--weights", weights, "--out", out]
    for _ in range(2):
        done = here(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "evil.pth" in done.stderr.splitlines()[-1] and "not empty" not in done.stderr
        assert not out.exists()


def test_too_little_data_is_one_sentence(here: Core, labels: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("filename,label\nred_0.png,red\nred_1.png,red\ngone.png,blue\n")
    done = here("train", table, "--images", labels.parent / "images", "--out", tmp_path / "run", *TINY)
    assert done.returncode == 2
    assert "line 4" in done.stderr and "gone.png" in done.stderr
    assert "only one class" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_ctrl_c_keeps_the_best_and_resume_goes_on(
    here: Core, environment: dict[str, str], labels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = [
        "train",
        labels,
        "--images",
        labels.parent / "images",
        "--out",
        out,
        *TINY_PROCESS,
        "--epochs",
        "4",
        "--json",
    ]
    process = start(words, environment)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 1 of 4"):
            break
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    answer = json.loads(text)
    assert (process.returncode, answer["state"]) == (0, "stopped")
    assert answer["accuracy"]["val"]["n"] == 4
    run = RunFolder(out)
    assert run.finished and 1 <= len(run.epochs()) < 4

    resumed = here("resume", out)
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch 1 of 4" not in resumed.stdout and "epoch 4 of 4" in resumed.stdout
    assert run.epochs()["epoch"].tolist() == list(range(1, 5))

    again = here("resume", out)
    assert again.returncode == 2 and "nothing to resume" in again.stderr


def test_two_processes_wait_in_the_queue_together_then_make_one_run(
    environment: dict[str, str], home: Path, labels: Path, tmp_path: Path
) -> None:
    """The other process waited for the first one in torch's process group, which times out."""
    out = tmp_path / "run"
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m", "core"]
    # In fp32, in which the report is made: bf16 gives other losses.
    exact = [*TINY_PROCESS, "--precision", "fp32", "--epochs", "1", "--json"]
    words = ["train", labels, "--images", labels.parent / "images", "--out", out, *exact]
    (home / "runs" / ".locks").mkdir(parents=True, exist_ok=True)
    with FileLock(home / "runs" / ".locks" / "cpu.lock"):
        done = subprocess.Popen(
            [*launch, *map(str, words)],
            cwd=REPOSITORY,
            env={**environment, "ACCELERATE_USE_CPU": "true"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.stderr is not None
        heard = ""
        while "waiting for another training" not in heard and (line := done.stderr.readline()):
            heard += line
        assert "waiting for another training" in heard, heard
        time.sleep(5)
        both = psutil.Process(done.pid).children()
        assert len(both) == 2
        # Without torch in memory, a process cannot wait in torch's process group.
        assert not any("libtorch" in Path(f"/proc/{process.pid}/maps").read_text() for process in both)
    said, complaints = done.communicate(timeout=180)
    assert done.returncode == 0, complaints
    assert not (out / ".turn").exists()
    answer = json.loads(said)  # the first process alone speaks
    run = RunFolder(out)
    assert answer["state"] == run.status().state == "finished"
    assert "in 2 processes" in run.log()
    # The report is made from the saved network: the training has checked that one, and not each process its own.
    best = run.epochs().query("best").iloc[-1]
    answers = run.predictions("val")
    assert answers is not None and len(answers) == 4
    losses = [-math.log(probability_of(row, str(row["label"]))) for _, row in answers.iterrows()]
    assert sum(losses) / len(losses) == pytest.approx(best["val_loss"], rel=1e-2)


@pytest.mark.parametrize("ended", [False, True])
def test_the_other_processes_go_on_or_end_with_the_first(
    ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process is this one; a stale file of an earlier launch is no turn."""
    for name, value in {"WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "none", "MASTER_PORT": "29500"}.items():
        monkeypatch.setenv(name, value)
    run = RunFolder(tmp_path)
    announce_turn(tmp_path)
    stale = (tmp_path / ".turn").read_text()
    (tmp_path / ".turn").write_text(stale.replace(str(os.getppid()), "1"))
    own = {"pid": os.getpid(), "process_started": psutil.Process().create_time()}
    waiting = Status(state="queued", created=now(), **own)
    run.status_path.write_text(waiting.model_dump_json())
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(wait_for_turn(tmp_path)))
    thread.start()
    time.sleep(1)
    assert thread.is_alive()
    if ended:
        run.write_status(state="stopped")
    else:
        announce_turn(tmp_path)
    thread.join(30)
    assert answers == [not ended]
    withdraw_turn(tmp_path)
    assert not (tmp_path / ".turn").exists()


def probability_of(row: pd.Series, label: str) -> float:
    """Return the probability of a class in a row of predictions."""
    place = next(name for name in row.index if name.startswith("prediction") and row[name] == label)
    return float(row[place.replace("prediction", "probability")])


def test_the_seed_changes_the_run_and_not_the_split(here: Core, labels: Path, tmp_path: Path) -> None:
    """--seed also divided the photos, so runs of several seeds had different test sets."""
    table = tmp_path / "labels.csv"
    rows = [f"{color}_{number}.png,{color}" for color in ("red", "green") for number in range(6)]
    table.write_text("\n".join(["filename,label", *rows]), encoding="utf-8")

    def trained(*options: object) -> RunFolder:
        out = tmp_path / "-".join(map(str, options)).strip("-")
        words = ["train", table, "--images", labels.parent / "images", "--out", out, *TINY, "--epochs", 1, *options]
        done = here(*words)
        assert done.returncode == 0, done.stderr
        return RunFolder(out)

    first, other, divided = trained("--seed", 0), trained("--seed", 7), trained("--split-seed", 3)
    splits = [run.snapshot().frame["split"].tolist() for run in (first, other, divided)]
    assert splits[0] == splits[1] != splits[2]
    assert [(run.recipe().seed, run.recipe().split_seed) for run in (first, other, divided)] == [(0, 0), (7, 0), (0, 3)]
    heads = [load_file(run.last / "model.safetensors")["fc.weight"] for run in (first, other)]
    assert not torch.equal(*heads)


def test_packed_images_are_trained_on_and_found_when_the_files_are_gone(here: Core, tmp_path: Path) -> None:
    files = [write_packed(tmp_path / "train.h5", 16), write_packed(tmp_path / "test.h5", 0, 4)]
    out = tmp_path / "run"
    done = here("train", *files, "--out", out, *TINY, "--epochs", 1, "--train", "head", "--json")
    assert done.returncode == 0, done.stderr
    assert "one training image in six was moved there" in done.stderr
    answer = json.loads(done.stdout)
    assert (answer["state"], list(answer["accuracy"])) == ("finished", ["val"])
    assert RunFolder(out).snapshot().classes == ("red", "green")
    for file in files:
        file.unlink()
    exam = json.loads(here("evaluate", out, "--split", "test", "--json").stdout)
    assert exam["accuracy"]["n"] == 4
    again = json.loads(here("evaluate", out, "--json").stdout)
    assert again["accuracy"] == answer["accuracy"]["val"]


def test_packed_images_stand_alone(here: Core, labels: Path, tmp_path: Path) -> None:
    packed = write_packed(tmp_path / "train.h5", 4)
    for words in ([labels, packed], [labels, labels], [packed, "--images", tmp_path]):
        done = here("train", *words, "--out", tmp_path / "run")
        assert done.returncode == 2 and "packed" in done.stderr, words
        assert not (tmp_path / "run").exists()


def test_input_is_another_name_of_size_and_everything_learns_from_scratch(here: Core, tmp_path: Path) -> None:
    packed = write_packed(tmp_path / "signs.h5", 12, 2)
    settings = ["--arch", SMALLEST, "--weights", "none", "--input", "32", "--optimizer", "adam", "--epochs", "1"]
    done = here("train", packed, "--out", tmp_path / "run", *settings, "--batch-size", "8", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    recipe = RunFolder(tmp_path / "run").recipe()
    assert (recipe.size, recipe.train, recipe.resolved_learning_rate()) == (32, "all", 0.001)
    assert "Trainable layers: all" in (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
