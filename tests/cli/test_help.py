import os
import subprocess
import sys

import pytest
import typer

from core.cli import app
from core.training.recipe import Recipe
from core.workspace import REPOSITORY
from tests.cli.conftest import Core

TOP = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {
    f"{name} {inner}" if inner else name: command
    for name, top in TOP.items()
    for inner, command in getattr(top, "commands", {"": top}).items()
}


def test_these_are_the_commands() -> None:
    made = "weights import labels groups train resume find-rate runs report sweep evaluate cross-validate background"
    also = "decide predict explain live crop-faces features export use-head push serve summary check cache"
    run = "backup restore class-server worksheets"
    people = ["people pin", "people new-class", "people list", "people export", "people limits"]
    assert sorted(COMMANDS) == sorted([*made.split(), *also.split(), *run.split(), *people])


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_and_every_option_has_a_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    silent = [one.name for one in command.params if not getattr(one, "help", None)]
    assert not silent


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_can_answer_in_json(name: str) -> None:
    assert "--json" in {option for one in COMMANDS[name].params for option in one.opts}


def test_every_setting_of_a_recipe_is_an_option_of_train() -> None:
    options = {option: one for one in COMMANDS["train"].params for option in one.opts}
    for name, field in Recipe.model_fields.items():
        option = options["--" + name.replace("_", "-")]
        assert option.help == field.description
        # None: the recipe says head or all, by the weights.
        assert option.default == (None if name == "train" else field.default)


def test_help_comes_within_a_second_and_without_torch(core: Core) -> None:
    before = os.times()
    done = core("--help")
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    assert done.returncode == 0
    assert all(name in done.stdout for name in TOP)
    code = "import sys, core.cli; sys.exit(' '.join({'torch', 'pandas', 'torchvision', 'scipy'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert loaded.stderr.strip() == ""
    # Processor time, which a busy machine hardly changes: 0.8 seconds, with torch over 4.
    assert 0 < seconds < 2


def test_the_help_of_weights_names_every_kind_of_file_that_works() -> None:
    [option] = [one for one in COMMANDS["train"].params if "--weights" in one.opts]
    assert all(kind in option.help for kind in (".safetensors", ".pth", ".h5", ".keras", "bundle folder"))
