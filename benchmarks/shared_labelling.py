"""Measures how many people can label one project together: presses, conflicts, distinct photos, waiting time.

    python benchmarks/shared_labelling.py [--desks 30] [--seconds 30] [--photos 3000] [--processes 2] [--no-hand-out]

Each desk is a thread that does through the store what the Annotate page does for one browser tab: it shows a photo,
thinks, looks at the photo's label again, labels it and goes on to the next. A conflict is a photo that somebody else
labelled meanwhile ("This photo was changed by ..."). ``--no-hand-out`` shows the next unlabelled photo to every desk,
as before photos were handed out; then 30 people made 522 presses with 337 conflicts on 22 distinct photos in a minute.
Target: conflicts under 2%.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.store.store import Store
from core.errors import StudioError
from core.workspace import open_workspace

CLASSES = ["duck", "gull", "heron", "owl", "swan"]


@dataclass
class Outcome:
    """What desks did together."""

    presses: int = 0
    conflicts: int = 0
    photos: set[int] = field(default_factory=set)  # labelled
    waits: list[float] = field(default_factory=list)  # seconds from each press until the next photo is known
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count another's, too."""
        self.presses += other.presses
        self.conflicts += other.conflicts
        self.photos |= other.photos
        self.waits += other.waits
        self.errors += other.errors

    def wait(self, share: float) -> float:
        """Return the wait below which this share of all waits lies, in seconds."""
        return float(np.quantile(self.waits, share)) if self.waits else 0.0


def make_project(store: Store, photos: int) -> int:
    """Create a project of small different photos without labels."""
    project = store.create_project(f"Shared {photos} {time.time()}", classes=CLASSES)
    dice = np.random.default_rng(0)
    for number in range(photos):
        image = Image.fromarray(dice.integers(0, 255, (8, 8, 3), dtype=np.uint8))
        store.add_image(project.id, Decoded(image, (), "PNG", False), b"", f"{number}.png")
    return project.id


def label_together(
    store: Store, project_id: int, names: list[str], seconds: float, think: float, hand_out: bool = True
) -> Outcome:
    """Let desks of these names label the project for some seconds, each thinking ``think`` seconds on average."""
    outcomes = [Outcome() for _ in names]
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(
            target=_desk, args=(store.in_tab(f"tab of {name}"), project_id, name, end, think, hand_out, one)
        )
        for name, one in zip(names, outcomes, strict=True)
    ]
    for thread in threads:
        thread.start()
    together = Outcome()
    for thread, one in zip(threads, outcomes, strict=True):
        thread.join()
        together.add(one)
    return together


def _desk(store: Store, project_id: int, name: str, end: float, think: float, hand_out: bool, outcome: Outcome) -> None:
    dice = random.Random(name)

    def follower(after: int | None, keep: list[int]) -> int | None:
        if hand_out:
            return store.hand_out(project_id, name, keep, after)
        row = store.next_unlabelled(project_id, after, keep)
        return row.id if row else None

    try:
        current = follower(None, [])
        following = follower(current, [current]) if current is not None else None
        while current is not None:
            shown = store.image(project_id, current).label
            time.sleep(dice.uniform(0, 2 * think))
            if time.monotonic() > end:
                break
            began = time.monotonic()
            now, label = store.image(project_id, current).label, dice.choice(CLASSES)
            outcome.presses += 1
            if now not in (shown, label):
                outcome.conflicts += 1
            else:
                store.annotate(project_id, [current], label, name)
                outcome.photos.add(current)
            current = following if following is not None else follower(current, [])
            following = follower(current, [current]) if current is not None else None
            outcome.waits.append(time.monotonic() - began)
        store.release(project_id, name)
    except StudioError as error:  # counted, so that it is not lost with the thread
        outcome.errors.append(str(error))


def _process(home: Path, project_id: int, names: list[str], seconds: float, think: float, hand_out: bool) -> Outcome:
    store = Store(open_workspace(home))
    try:
        return label_together(store, project_id, names, seconds, think, hand_out)
    finally:
        store.close()


def main() -> None:
    """Print one line for the whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desks", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--photos", type=int, default=3000)
    parser.add_argument("--think", type=float, default=1.5, help="seconds that a person looks at a photo, on average")
    parser.add_argument("--processes", type=int, default=1, help="servers that share the database")
    parser.add_argument("--no-hand-out", action="store_true", help="show the same next photo to every desk")
    asked = parser.parse_args()
    names = [f"person {number}" for number in range(asked.desks)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(open_workspace(home))
        project_id = make_project(store, asked.photos)
        revision, together = store.revision(project_id), Outcome()
        shares = [names[place :: asked.processes] for place in range(asked.processes)]
        rest = (asked.seconds, asked.think, not asked.no_hand_out)
        with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
            for one in pool.starmap(_process, [(home, project_id, share, *rest) for share in shares]):
                together.add(one)
        moved = store.revision(project_id) - revision
        store.close()
    share = together.conflicts / together.presses if together.presses else 0.0
    print(
        f"{asked.desks} desks, {asked.processes} process(es), {asked.seconds:g} s: {together.presses} presses, "
        f"{together.conflicts} conflicts ({share:.1%}), {len(together.photos)} distinct photos, "
        f"wait {together.wait(0.5) * 1000:.0f} ms median, {together.wait(0.95) * 1000:.0f} ms at 95%, "
        f"{moved} revisions, {len(together.errors)} errors"
    )
    for error in dict.fromkeys(together.errors):
        print(" ", error)


if __name__ == "__main__":
    main()
