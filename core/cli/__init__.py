"""The command line: everything the pages can do, for scripts and for background jobs.

Answers go to standard output (as JSON with --json), progress and remarks to standard error. The exit status is 0 on
success, 2 on a mistake of the user's with one plain sentence, 1 where something else ended the work.

Importing this package loads neither torch nor pandas; each command imports what it needs when it runs.
"""

import sys

import typer

from core.cli import data, features, looking, models, training
from core.errors import StudioError

app = typer.Typer(
    name="python -m core",
    help="ResNet Studio: fine-tune residual networks on photos of your own, and look inside.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: it is cut to no width, and can be searched and piped
)
app.command("weights")(models.weights)
app.command("import")(data.import_)
app.command("labels")(data.labels)
app.command("train")(training.train)
app.command("resume")(training.resume)
app.command("evaluate")(looking.evaluate)
app.command("predict")(looking.predict)
app.command("explain")(looking.explain)
app.command("features")(features.features)
app.command("export")(models.export)
app.command("summary")(models.summary)


def main() -> None:
    """Runs the command line and exits."""
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold bytes that the terminal's encoding cannot show; that is no reason to end.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except StudioError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
