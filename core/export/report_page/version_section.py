"""The section on origin: the starting weights and their licence, the versions, the digests."""

import platform
import tomllib
from pathlib import PurePath

from core.export.report_page.html_parts import bullets, esc, section, table
from core.export.report_page.run_record import RunRecord
from core.workspace import REPOSITORY


def version_section(record: RunRecord) -> str:
    """Return the section."""
    info, run = record.info, record.run
    rows = [
        ["Run", run.id],
        ["Project", record.status.project or "none"],
        ["Architecture", info.arch],
        ["Model created", info.created],
        ["SHA-256 of the weights", info.model_sha256 or "not recorded"],
        ["Digest of the data", info.snapshot_digest or record.snapshot.digest],
        ["Report computed", f"{record.report.created} on {record.report.device}" if record.report.device else ""],
        *([key.replace("_", " ").capitalize(), _without_folder(value)] for key, value in info.weights.items()),
        *([key, value] for key, value in info.libraries.items()),
        ["ResNet Studio", _own_version()],
        ["Python", platform.python_version()],
    ]
    cells = [[esc(key), esc(value)] for key, value in rows if value]
    return section(
        "versions",
        "Where it comes from",
        table(["", "Value"], cells, "Origin and versions", texts=2),
        bullets([esc(remark) for remark in record.remarks]),
    )


def _without_folder(value: str) -> str:
    """Return a value; of a file's path only its name, because the reader has another disk."""
    path = PurePath(value)
    return path.name if path.is_absolute() else value


def _own_version() -> str:
    try:
        return str(tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, ValueError, KeyError):  # a copy without this file works too
        return ""
