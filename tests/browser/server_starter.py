"""Starts servers from a process that has loaded the slow libraries once: each server then needs seven seconds less.

Reads a line of JSON for each server, forks, and writes the process id of the fork, which becomes ``streamlit run``.
"""

import gc
import json
import os
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn

from pages.components.shared.preload import LIBRARIES

ALSO = ("streamlit.web.cli", "sqlalchemy.orm", "alembic.command", "sklearn.linear_model")


def main() -> None:
    """Serve until standard input ends."""
    for name in (*ALSO, *LIBRARIES):
        import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits here for those that end
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _serve(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _serve(asked: dict[str, Any]) -> NoReturn:
    """Become the server with these arguments, environment and log."""
    from streamlit.web import cli

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(asked["environment"])
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    sys.argv = ["streamlit", *asked["arguments"]]
    sys.exit(cli.main(prog_name="streamlit"))


if __name__ == "__main__":
    main()
