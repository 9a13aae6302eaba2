"""Files that only the server's user may read, in the server's folder; written once and kept."""

import os
import secrets
from pathlib import Path

from core.errors import WorkspaceError
from core.storage_errors import storage_error

FOLDER = "server"
"""Within the server's folder; a backup leaves it out."""
_COOKIES = "cookie-secret"


def cookie_secret(root: Path) -> str:
    """Return the secret that signs cookies, made at the first start: after a restart everybody is still known.

    Raises WorkspaceError if it cannot be stored.
    """
    path = secret_folder(root) / _COOKIES
    try:
        if found := path.read_text(encoding="ascii").strip():
            return found
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(path, error) from error
    made = secrets.token_hex(32)
    write_secret(path, made.encode())
    return made


def secret_folder(root: Path) -> Path:
    """Return the folder of the secrets, which nobody else may look into. Raises WorkspaceError."""
    folder = root / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that nobody else may read, completely or not at all. Raises WorkspaceError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> WorkspaceError:
    return storage_error(error, f"{path} could not be used") or WorkspaceError(
        f"{path} cannot be used ({error.strerror}). Check its permissions."
    )
