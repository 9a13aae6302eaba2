"""Publish files on the Hugging Face Hub with its own client; every failure is a plain sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError, OfflineModeIsEnabled

from core.errors import DataError, StudioError
from core.export.hub.front_matter import FrontMatter
from core.export.hub.published_files import FolderFile

_MESSAGE = "Upload from ResNet Studio"
_UNREACHABLE = "Hugging Face cannot be reached. Check the internet connection, then run the command again."


class HubError(StudioError):
    """The Hub does not accept what is published, or cannot be reached."""


def require_token() -> None:
    """Raise HubError if nobody is logged in."""
    if not get_token():
        raise HubError(
            "You are not logged in to Hugging Face. Run hf auth login with a token that may write (create one at "
            "https://huggingface.co/settings/tokens), or set HF_TOKEN."
        )


def push(
    files: Sequence[FolderFile], front: FrontMatter, repo_id: str, *, private: bool = False, update: bool = False
) -> str:
    """Create the repository, upload the files in one commit, and return its address.

    ``update`` adds to a repository that is there, and replaces its files of the same names; without it, the name must
    be free. ``private`` does not hide a repository that everyone can see already: then nothing is uploaded. Raises
    HubError.
    """
    require_token()
    api = HfApi()
    with _plain_sentences(repo_id, front):
        address = api.create_repo(
            repo_id,
            repo_type=front.kind,
            private=private or None,
            exist_ok=update,
            **_space_settings(front),
        )
    full_name = address.repo_id
    if private and update:
        _require_private(api, full_name, front)
    try:
        with _plain_sentences(full_name, front):
            api.create_commit(
                full_name,
                [CommitOperationAdd(file.name, str(file.path)) for file in files],
                commit_message=_MESSAGE,
                repo_type=front.kind,
            )
    except HubError as error:
        raise HubError(f"{full_name} was created, but not filled: {error} Then run it again with --update.") from error
    return str(address)


def _require_private(api: HfApi, full_name: str, front: FrontMatter) -> None:
    """Raise HubError if a repository that was there before is public: the Hub ignores the wish for a private one."""
    with _plain_sentences(full_name, front):
        found = api.repo_info(full_name, repo_type=front.kind)
    if not found.private:
        raise HubError(
            f"{full_name} exists already, and everyone can see it. Nothing was published. Make it private in its "
            "settings on Hugging Face, choose another name, or leave out --private."
        )


def _space_settings(front: FrontMatter) -> dict[str, Any]:
    if front.kind != "space":
        return {}
    hardware = front.values.get("suggested_hardware")
    return {"space_sdk": front.values["sdk"], **({"space_hardware": hardware} if hardware else {})}


@contextmanager
def _plain_sentences(repo_id: str, front: FrontMatter) -> Iterator[None]:
    """Turn the client's errors into HubError."""
    try:
        yield
    except HFValidationError as error:
        raise DataError(
            f"{repo_id!r} is no name of a repository. Write USER/NAME with letters, digits, - and _."
        ) from error
    except OfflineModeIsEnabled as error:
        raise HubError("HF_HUB_OFFLINE is set, so nothing is published. Unset it, then try again.") from error
    except HfHubHTTPError as error:
        raise HubError(_of_status(error, repo_id, front)) from error
    except (HTTPError, ConnectionError) as error:
        raise HubError(_UNREACHABLE) from error
    except ValueError as error:  # the README's front matter, which the Hub checks before the upload
        raise HubError(f"Hugging Face does not accept the files: {' '.join(str(error).split())}") from error


def _of_status(error: HfHubHTTPError, repo_id: str, front: FrontMatter) -> str:
    status = error.response.status_code if error.response is not None else 0
    said = " ".join((error.server_message or "").split()).rstrip(".")
    told = f" ({said})" if said else ""
    sentences = {
        401: f"Hugging Face does not accept your token{told}. Run hf auth login again.",
        402: f"This kind of Space needs a paid account{told}. Free accounts can publish a static Space, or a few on "
        "ZeroGPU: python -m core export RUN --space zerogpu.",
        403: f"Your token may not write to {repo_id}{told}. Use one that may write, or your own user name.",
        404: f"There is no {repo_id}, or you may not see it{told}. Check the user name and the token.",
        409: f"There is already a {front.kind} {repo_id}. Choose another name, or replace its files with --update.",
        413: f"The files are too large for your account{told}.",
        429: "Hugging Face asks you to wait: too many requests. Try again in a few minutes.",
    }
    return sentences.get(status, f"Hugging Face answered with error {status}{told}. Try again later.")
