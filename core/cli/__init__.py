"""The command line: everything the pages can do, for scripts and for background jobs.

Answers go to standard output (as JSON with --json), progress and remarks to standard error. The exit status is 0 on
success, 2 on a mistake of the user's with one plain sentence, 1 where something else ended the work.

Importing this package loads neither torch nor pandas; each command imports what it needs when it runs.
"""

import sys
from typing import Any

import typer

from core.cli import data, features, models, predict_explain, training
from core.errors import StudioError

# What typer raises for words that it does not understand. It carries its own copy of click, which names it in private.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

# What pydantic, which typer reads numbers with, says of a word; on a command line there is nothing else than strings.
_PLAINER = {
    "Input should be a valid integer, unable to parse string as an integer": "it must be a whole number",
    "Input should be a valid number, unable to parse string as a number": "it must be a number",
}

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
app.command("evaluate")(predict_explain.evaluate)
app.command("predict")(predict_explain.predict)
app.command("explain")(predict_explain.explain)
app.command("features")(features.features)
app.command("export")(models.export)
app.command("summary")(models.summary)


def main() -> None:
    """Runs the command line and exits."""
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold bytes that the terminal's encoding cannot show; that is no reason to end.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        # Otherwise typer prints its errors itself, in three paragraphs.
        status = app(standalone_mode=False, prog_name="python -m core")
    except UsageError as error:
        if len(sys.argv) < 2:  # no word at all: the help, in place of a sentence
            error.show()  # type: ignore[attr-defined]
        else:
            typer.echo(_sentence(error), err=True)
        sys.exit(2)
    except StudioError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except typer.Abort:  # Ctrl-C, as older versions of typer tell it
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _sentence(error: Any) -> str:
    """What is wrong with the words of the command line, and whose help says more."""
    bare = getattr(error, "param", None) is None and getattr(error, "param_hint", None) is None
    text = error.message if bare and isinstance(error, typer.BadParameter) else error.format_message()
    for said, plainer in _PLAINER.items():
        text = text.replace(said, plainer)
    command = error.ctx.command_path if error.ctx else "python -m core"
    return f"{text[:1].upper()}{text[1:].rstrip('. ')}; {command} --help says more."
