"""Load test of a class: pupils who label, look at pages and queue trainings at the same time on one server.

    python benchmarks/class_load.py [--pupils 30] [--minutes 5] [--processes 1] [--out FILE]

It starts the server of a class in a folder of its own, hands a project of 180 photos, whose features the teacher has
computed, out to every pupil, and drives a browser tab for each of them without a browser (benchmarks/class_loading).
Think times: 2 to 4 seconds before a key press, 20 to 30 on a page; about two thirds of the time goes into labelling;
each pupil queues one training. Everything runs on this computer, also the test itself. What a browser needs to draw a
page comes on top, on the pupils' computers.

Checked: no label that was acknowledged is lost or at another's, 95 % of the key presses take less than 500 ms and of
the pages less than 2 s, and the server's memory does not stay with those who have left. Exit status 1 if not.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.class_loading.figures import check_labels, report, write  # noqa: E402
from benchmarks.class_loading.pupil import PAGES, Pupil  # noqa: E402
from benchmarks.class_loading.server import (  # noqa: E402
    CLASSES,
    ClassProcess,
    Watch,
    give_project,
    make_class,
)
from core.people.records import ClassRoom  # noqa: E402
from core.people.register import Register  # noqa: E402

ARRIVE_SECONDS = 20.0  # in which a class opens the app
_SETTLE_SECONDS = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pupils", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--processes", type=int, default=1, help="of the server; a browser stays with one of them")
    parser.add_argument("--out", type=Path, help="write the table to this file, too")
    parser.add_argument(
        "--after", type=float, default=135.0, help="seconds from the last one leaving until the memory is measured"
    )
    parser.add_argument("--keep", type=Path, help="use this new folder, and keep it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = options.keep or Path(folder) / "home"
        home.mkdir(parents=True)
        os.environ["RESNET_STUDIO_HOME"], os.environ["RESNET_STUDIO_PEOPLE"] = str(home), "class"
        classroom = make_class(home)
        server = ClassProcess.start(home, options.processes)
        try:
            text, missed = asyncio.run(loaded(server, classroom, options.pupils, options.minutes, options.after))
        finally:
            server.end()
    write(options.out, text + "".join(f"\nNot met: {one}\n" for one in missed))
    sys.exit(1 if missed else 0)


async def loaded(
    server: ClassProcess, classroom: ClassRoom, count: int, minutes: float, after: float
) -> tuple[str, list[str]]:
    """Load the server and return the report."""
    pupils = [Pupil(f"Pupil {number:02}", server.address(number), CLASSES, number) for number in range(1, count + 1)]
    early = [Pupil(f"Early Bird {number}", server.address(number), CLASSES, 0) for number in range(len(server.ports))]
    for one in (*early, *pupils):
        await one.join(classroom.code)
    say("all have joined")
    await asyncio.to_thread(give_project, server.home, classroom.id)
    say("the project is handed out")
    watch = Watch(server)
    for one in early:
        await look_around(one)
    await asyncio.to_thread(watch.look)
    before, started = watch.rss[-1][1], watch.cpu_seconds
    say("the load begins")
    looking = asyncio.create_task(watch.run())
    worked, begun = time.process_time(), time.monotonic()
    until, dice = begun + 60 * minutes, random.Random(0)
    length = until - begun

    async def lesson(number: int, pupil: Pupil) -> None:
        await asyncio.sleep(ARRIVE_SECONDS * number / count)
        # The first one trains at once, and the others in the first half, so that some always wait.
        await pupil.work(until, begun + (0.0 if number < 2 else dice.uniform(0.05, 0.6) * length))

    await asyncio.gather(*(lesson(number, one) for number, one in enumerate(pupils)))
    own = time.process_time() - worked
    looking.cancel()
    spent, busy = watch.cpu_seconds - started, list(watch.training)
    for one in pupils:
        await one.leave()
    say(f"all have left; the memory is measured in {after:.0f} s")
    await asyncio.sleep(after)
    await asyncio.to_thread(watch.look)
    memory = {"before": before, "peak": max(one for _, one in watch.rss), "after": watch.rss[-1][1]}
    watch.cpu_seconds, watch.training = spent, busy
    register = Register(server.home)
    people = register.people(classroom.id)
    register.close()
    records = [one.record for one in pupils]
    return report(records, watch, check_labels(records, people), minutes, memory, own)


def say(what: str) -> None:
    """Say how far the test is."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


async def look_around(pupil: Pupil) -> None:
    """Open every page once, so that the libraries that pages need are loaded before the measurement."""
    pupil.tab.patience = 180.0
    await pupil.tab.open()
    for page in ("Annotate", *PAGES):
        await pupil.tab.go(page)
    await asyncio.sleep(_SETTLE_SECONDS)
    await pupil.leave()


if __name__ == "__main__":
    main()
