"""Makes cheaper what Streamlit repeats in every run of a page although it never changes.

With thirty pupils on one server each millisecond of a key press counts. Measured on Streamlit 1.67:

- For each message to a browser it reads a setting, and takes a lock for it. Thirty pages queued up there, and each wait
  for the lock also costs a turn of Python's own: a fifth of all waiting threads stood in ``get_option``.
- 7% of the processor time of a press went into reading the theme from the settings, which it sends in every run.
- 2% went into asking for the parameters of cached functions.
"""

import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from streamlit import config, type_util
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session


def make_runs_cheaper() -> None:
    """Patch Streamlit."""
    config.get_option = option_without_lock(config.get_option)  # type: ignore[assignment]
    app_session._populate_theme_msg = remembered_theme(app_session._populate_theme_msg)
    type_util.get_func_parameters = parameters_of(type_util.get_func_parameters)


def option_without_lock(ask: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return Streamlit's ``get_option`` without its lock.

    The settings are replaced as a whole when they are read, and a value is one reference, so no lock is needed to read.
    """

    def get_option(key: str) -> Any:
        found = config.get_config_options().get(key)
        return ask(key) if found is None else found.value  # which says what is wrong

    return get_option


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
