"""How a server works through many tabs at once: what Streamlit does for one, made fit for a class."""

from functools import cache

from pages.components.many_tabs.cheaper_runs import make_runs_cheaper
from pages.components.many_tabs.message_batches import send_in_batches
from pages.components.many_tabs.turns import take_turns

__all__ = ["ready_for_many"]


@cache
def ready_for_many() -> None:
    """Patch Streamlit once in this process; requirements.txt pins the version this was written for."""
    make_runs_cheaper()
    send_in_batches()
    take_turns()
