"""Computations of the Explain page in the process of the test: messages pass through JSON all the same."""

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from core.workers.pool import Request
from core.workers.tasks import TASKS
from pages.components.computing.computation import Computation


@pytest.fixture
def computed_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the worker processes; returns the names of the tasks that were computed."""
    tasks: list[str] = []

    def kept(self: Computation, begin: Callable[[], Request], button: str, unit: str = "") -> Any:
        request = begin()
        tasks.append(request.task)
        module, function = TASKS[request.task].target.split(":")
        arguments = json.loads(json.dumps(request.arguments))
        try:
            found = getattr(importlib.import_module(module), function)(arguments, lambda progress: None)
        finally:
            request.ended()
        return json.loads(json.dumps(found))

    monkeypatch.setattr(Computation, "kept", kept)
    return tasks
