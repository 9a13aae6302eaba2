"""Makes cheaper what Streamlit repeats in every run of a page although it never changes.

With thirty pupils on one server each millisecond of a key press counts. Measured on Streamlit 1.67, of the processor
time of a press: 7% went into reading the theme from the settings, which it sends in every run and every fragment, and
2% into asking for the parameters of cached functions. There is no setting for either.
"""

import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from streamlit import type_util
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session


def make_runs_cheaper() -> None:
    """Patch Streamlit."""
    app_session._populate_theme_msg = remembered_theme(app_session._populate_theme_msg)
    type_util.get_func_parameters = parameters_of(type_util.get_func_parameters)


def remembered_theme(populate: Callable[..., None]) -> Callable[..., None]:
    """Return Streamlit's ``_populate_theme_msg`` with a memory: the theme is part of the settings of this process."""
    made: dict[str, CustomThemeConfig] = {}

    def populated(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in made:
            theme = CustomThemeConfig()
            populate(theme, section)
            made[section] = theme
        if made[section].ByteSize():  # merging an empty one would say that there is one
            msg.MergeFrom(made[section])

    return populated


def parameters_of(ask: Callable[..., list[inspect.Parameter]]) -> Callable[..., list[inspect.Parameter]]:
    """Return Streamlit's ``get_func_parameters`` with a memory."""
    known: WeakKeyDictionary[Any, list[inspect.Parameter]] = WeakKeyDictionary()

    def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
        if function not in known:
            known[function] = ask(function)
        return known[function]

    return parameters
