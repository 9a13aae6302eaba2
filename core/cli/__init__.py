"""The command line: import, train, evaluate, predict, explain and export, for scripts and background jobs.

Results go to standard output (as JSON with --json), progress and messages to standard error. The exit status is 0 on
success, 2 on a user error with one plain sentence (with --json also as JSON), 1 if something else ended the work.

Importing this package loads neither torch nor pandas; each command imports what it needs when it runs.
"""

import functools
import sys
from typing import Any

import typer

from core.cli import (
    cache,
    check,
    cross_validate,
    data,
    find_rate,
    models,
    runs,
    sweeps,
    training,
)
from core.cli.backgrounds import background
from core.cli.console import first_process
from core.cli.doubt import decide
from core.cli.ending.json_result import RESULT
from core.cli.exporting import export
from core.cli.grouping import groups
from core.cli.importing.questions import print_questions, question_as_record
from core.cli.lessons import worksheets
from core.cli.operating import backups, class_server
from core.cli.people_commands import people
from core.cli.predicting import crop_faces, features, live, predict, predict_explain
from core.cli.serving import push, serve
from core.cli.web_page import page_commands
from core.errors import QuestionsOpen, StudioError

# The error that typer raises for invalid arguments. It is defined in typer's private copy of click.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

# Pydantic's messages, with which typer reads numbers, and plainer ones: every argument is a string anyway.
_PLAINER = {
    "Input should be a valid integer, unable to parse string as an integer": "it must be a whole number",
    "Input should be a valid number, unable to parse string as a number": "it must be a number",
}

app = typer.Typer(
    name="python -m core",
    help="ResNet Studio: fine-tune residual networks on your own photos, and look inside them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help is not cut to the terminal's width, and can be searched and piped
)
app.command("weights")(models.weights)
app.command("import")(data.import_)
app.command("labels")(data.labels)
app.command("groups")(groups.groups)
app.command("train")(training.train)
app.command("resume")(training.resume)
app.command("find-rate")(find_rate.find_rate)
app.command("runs")(runs.runs)
app.command("report")(runs.report)
app.command("sweep")(sweeps.sweep)
app.command("evaluate")(predict_explain.evaluate)
app.command("cross-validate")(cross_validate.cross_validate)
app.command("background")(background.background)
app.command("decide")(decide.decide)
app.command("predict")(predict.predict)
app.command("explain")(predict_explain.explain)
app.command("live")(live.live)
app.command("crop-faces")(crop_faces.crop_faces)
app.command("features")(features.features)
app.command("export")(export.export)
app.command("use-head")(page_commands.use_head)
app.command("push")(push.push)
app.command("serve")(serve.serve)
app.command("summary")(models.summary)
app.command("worksheets")(worksheets.worksheets)
app.add_typer(people.people, name="people")
app.command("check")(check.check)
app.command("cache")(cache.cache)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("class-server")(class_server.class_server)


def main() -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold characters that the terminal's encoding lacks; that must not end the program.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    RESULT.begin(sys.argv[1:] if first_process() else ())
    try:
        status = _run()
    finally:
        RESULT.print()
    sys.exit(status)


@functools.cache
def _command() -> Any:
    """Return the command line; building it from all options takes longer than many a command."""
    return typer.main.get_command(app)


def _run() -> int:
    """Run the command and print what stops it; returns the exit status."""
    try:
        # In standalone mode typer prints its errors itself, in three paragraphs.
        status = _command()(standalone_mode=False, prog_name="python -m core")
    except UsageError as error:
        if len(sys.argv) < 2:  # no arguments: print the help
            error.show()  # type: ignore[attr-defined]
        else:
            typer.echo(_sentence(error), err=True)
            RESULT.fail(_sentence(error), ())
        return 2
    except StudioError as error:
        questions = error.questions if isinstance(error, QuestionsOpen) else ()
        if questions:
            print_questions(questions)
        else:
            typer.echo(str(error), err=True)
        RESULT.fail(str(error), [question_as_record(one) for one in questions])
        return 2
    except typer.Abort:  # Ctrl-C in older versions of typer
        return 130
    return status if isinstance(status, int) else 0


def _sentence(error: Any) -> str:
    """Return what is wrong with the arguments, and which help explains them."""
    bare = getattr(error, "param", None) is None and getattr(error, "param_hint", None) is None
    text = error.message if bare and isinstance(error, typer.BadParameter) else error.format_message()
    for message, plainer in _PLAINER.items():
        text = text.replace(message, plainer)
    command = error.ctx.command_path if error.ctx else "python -m core"
    return f"{text[:1].upper()}{text[1:].rstrip('. ')}; see {command} --help."
