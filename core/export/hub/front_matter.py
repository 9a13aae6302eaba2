"""Read and check the front matter of a folder's README.md with Hugging Face's own classes, without the internet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import DataError

RepoKind = Literal["model", "space"]
_SDKS = ("gradio", "docker", "static")
_LONGEST_DESCRIPTION = 60


@dataclass(frozen=True)
class FrontMatter:
    """What the README says that the folder is."""

    kind: RepoKind
    values: dict[str, Any]

    @property
    def start(self) -> str:
        """The file that a Space begins with; empty for a model and for Docker."""
        return str(self.values.get("app_file") or "")


def read_front_matter(folder: Path) -> FrontMatter:
    """Return a folder's front matter; raises DataError where Hugging Face would not accept it."""
    import yaml
    from huggingface_hub import ModelCard, SpaceCard

    readme = folder / "README.md"
    try:
        text = readme.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{folder} has no readable README.md, so it is no export. Give a folder that "
            "python -m core export RUN --out DIR has written."
        ) from error
    if not text.startswith("---\n"):
        raise DataError(f"{readme} does not begin with front matter (---). Export the folder again.")
    try:
        values = SpaceCard(text).data.to_dict()
        kind: RepoKind = "space" if "sdk" in values else "model"
        if kind == "model":
            values = ModelCard(text).data.to_dict()
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise DataError(f"The front matter of {readme} cannot be read ({error}). Export the folder again.") from error
    if problem := _problem(folder, kind, values):
        raise DataError(f"{readme}: {problem}")
    return FrontMatter(kind, values)


def _problem(folder: Path, kind: RepoKind, values: dict[str, Any]) -> str:
    """Return what a Space's front matter lacks."""
    if kind == "model":
        return ""
    if values["sdk"] not in _SDKS:
        return f"sdk is {values['sdk']!r}. Hugging Face allows {', '.join(_SDKS)}."
    description = str(values.get("short_description", ""))
    if len(description) > _LONGEST_DESCRIPTION:
        return f"short_description has {len(description)} characters; at most {_LONGEST_DESCRIPTION} are allowed."
    if values["sdk"] == "docker":
        return "" if (folder / "Dockerfile").is_file() else "sdk is docker, but there is no Dockerfile."
    name = str(values.get("app_file", ""))
    return "" if name and (folder / name).is_file() else f"app_file is {name!r}, but there is no such file."
