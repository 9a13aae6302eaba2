"""Background processes: their session, environment and output, the priority, the lock and the result file."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from core.background_process import lock_is_held, lower_priority, read_result, start_python, write_result
from core.workspace import REPOSITORY

TELL = """
import json, os, sys
facts = [os.getsid(0) == os.getpid(), os.getcwd(), os.environ["COLOUR"], "HOME_OF_TEST" in os.environ, sys.stdin.read()]
print(json.dumps(facts), flush=True)
print("to stderr", file=sys.stderr)
"""


def test_a_process_has_its_own_session_and_writes_both_outputs_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME_OF_TEST", "kept")
    with (tmp_path / "log.txt").open("ab") as log:
        process = start_python(["-c", TELL], stdout=log, environment={"COLOUR": "blue"})
    assert process.wait(60) == 0
    facts, error = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()
    assert json.loads(facts) == [True, str(REPOSITORY), "blue", True, ""]
    assert error == "to stderr"


def test_standard_input_and_errors_can_be_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("words", encoding="utf-8")
    with (
        (tmp_path / "in.txt").open("rb") as given,
        (tmp_path / "out.txt").open("wb") as out,
        (tmp_path / "err.txt").open("wb") as err,
    ):
        process = start_python(["-c", TELL], stdin=given, stdout=out, stderr=err, environment={"COLOUR": "red"})
    assert process.wait(60) == 0
    assert json.loads((tmp_path / "out.txt").read_text(encoding="utf-8"))[-1] == "words"
    assert (tmp_path / "err.txt").read_text(encoding="utf-8") == "to stderr\n"


@pytest.mark.skipif(not hasattr(os, "nice"), reason="Windows has no nice")
def test_a_low_priority_is_above_the_usual_niceness() -> None:
    code = "import os; from core.background_process import lower_priority; lower_priority(); print(os.nice(0))"
    told = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert int(told.stdout) == min(19, os.nice(0) + 15), told.stderr


def test_a_lock_is_held_by_another_process_until_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    assert not lock_is_held(FileLock(path))
    hold = f"from filelock import FileLock; lock = FileLock({str(path)!r}); lock.acquire(); print(flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    assert lock_is_held(FileLock(path))
    child.kill()
    child.communicate()
    assert not lock_is_held(FileLock(path))
    with FileLock(path, timeout=0):  # the question itself has left it free
        assert lock_is_held(FileLock(path))


def test_a_result_is_whole_or_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    assert read_result(path) is None
    write_result(path, {"problem": "none", "refused": ("a", "b")})
    assert read_result(path) == {"problem": "none", "refused": ["a", "b"]}
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]

    def full(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="full"):
        write_result(path, {"problem": "new"})
    assert read_result(path) == {"problem": "none", "refused": ["a", "b"]}
    path.write_text('{"problem": "cut o', encoding="utf-8")
    assert read_result(path) is None


def test_without_nice_the_priority_is_lowered_as_windows_does(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[int] = []
    monkeypatch.delattr(os, "nice", raising=False)
    monkeypatch.setattr(psutil.Process, "nice", lambda process, value: set_to.append(value))
    lower_priority()
    assert set_to == [16384]


def test_a_priority_that_may_not_be_changed_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(_: int) -> int:
        raise PermissionError(1, "not allowed")

    monkeypatch.setattr(os, "nice", forbid, raising=False)
    lower_priority()


# What the modules of Python lack on Windows, as far as programs like this one use it.
MISSING = {
    "os": "chown fork forkpty getegid geteuid getgid getloadavg getpgid getpgrp getsid getuid initgroups kill killpg "
    "mkfifo nice pread pwrite sched_getaffinity sched_setaffinity setpgid setpriority setsid uname wait3 wait4",
    "signal": "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGUSR1 SIGUSR2 alarm pthread_kill "
    "pthread_sigmask setitimer sigtimedwait sigwait",
    "time": "tzset clock_settime",
}
UNIX_MODULES = {"fcntl", "grp", "pwd", "resource", "termios", "pty", "syslog"}


def unguarded(text: str) -> list[str]:
    """The uses of what Windows lacks in a module, except where it asks for them with hasattr or try."""
    tree = ast.parse(text)
    tries = [each for each in ast.walk(tree) if isinstance(each, ast.Try) and _asks(each)]
    tried = {id(node) for each in tries for part in each.body for node in ast.walk(part)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name, attribute = node.value.id, node.attr
            missing = attribute in MISSING.get(name, "").split() and id(node) not in tried
            if missing and f'hasattr({name}, "{attribute}")' not in text:
                found.append(f"line {node.lineno}: {name}.{attribute}")
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in tried:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found += [f"line {node.lineno}: import {name}" for name in names if name in UNIX_MODULES]
    return found


def _asks(each: ast.Try) -> bool:
    """Whether it handles the error of a missing name or module."""
    handled = " ".join(ast.unparse(handler.type) for handler in each.handlers if handler.type)
    return "AttributeError" in handled or "ImportError" in handled


def test_what_windows_lacks_is_never_used_unasked() -> None:
    """The thread that watches a run called signal.pthread_kill and died there, and heartbeat and stop with it."""
    assert unguarded("import os\nos.killpg(1, 9)") and unguarded("import resource") and unguarded("signal.SIGKILL")
    assert not unguarded('import os\nif hasattr(os, "nice"):\n    os.nice(1)')
    programs = [*(REPOSITORY / "core").rglob("*.py"), *(REPOSITORY / "pages").rglob("*.py")]
    wrong = {str(path): found for path in programs if (found := unguarded(path.read_text(encoding="utf-8")))}
    assert not wrong
