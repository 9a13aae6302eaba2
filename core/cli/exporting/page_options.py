"""The options of a web page, for ``export --page`` and ``export --space static``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.export.web_page.write_page import PageOptions

Samples = Annotated[
    int | None,
    typer.Option(min=0, max=12, help="Web page: how many validation photos everyone can see on it (default 0)."),
]
Features = Annotated[
    bool | None,
    typer.Option(
        "--features/--no-features",
        help="Web page: include features of training photos, so that it can learn further classes (default yes).",
    ),
]
Runtime = Annotated[
    Path | None,
    typer.Option(
        help="Web page, without internet: the file that 'npm pack onnxruntime-web@1.30.0' downloaded elsewhere."
    ),
]


def page_options(
    samples: int | None, features: bool | None, runtime: Path | None, *, used: bool
) -> "PageOptions | None":
    """Return the options, or None if no page is written; then a given option is a usage error."""
    given = {"--samples": samples, "--features": features, "--runtime": runtime}
    if not used:
        if named := [name for name, value in given.items() if value is not None]:
            raise typer.BadParameter(f"{named[0]} is for web pages. Add --page or --space static, or leave it out.")
        return None
    from core.export.web_page.write_page import PageOptions  # loads numpy

    return PageOptions(samples=samples or 0, vectors=features is not False, package=runtime)
