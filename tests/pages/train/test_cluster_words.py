"""What the Train page says of a run on a cluster: what it waits for, and on which machine it is."""

from core.runs.cluster.dispatch import PLACED
from core.runs.cluster.setting import CPU_LINE
from core.runs.status import WAITING, Status, now
from pages.components.train.status_text import device_summary, queue_sentence


def status(**fields: object) -> Status:
    return Status(state="queued", created=now()).changed(**fields)


def test_a_waiting_run_says_what_it_waits_for() -> None:
    assert queue_sentence(0, status(phase=WAITING)).startswith("This run is next in the queue.")
    on_cluster = status(line=CPU_LINE, phase=PLACED)
    assert queue_sentence(0, on_cluster).startswith("Waiting for a free machine of the cluster. It starts")
    assert queue_sentence(2, on_cluster).startswith("2 runs are ahead")
    assert queue_sentence(0, on_cluster.changed(phase=WAITING)).startswith("This run is next")


def test_a_training_says_on_which_machine_it_is() -> None:
    assert device_summary(status(device="cpu", precision="fp32", node="lab3")) == "CPU · fp32 · on lab3"
    assert device_summary(status(device="cpu", precision="fp32")) == "CPU · fp32"
