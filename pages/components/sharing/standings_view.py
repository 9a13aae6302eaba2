"""The leaderboard of the game: teams by their points, and how well each model has held."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.people.sharing.attempts import Attempt
from core.people.sharing.records import Shared
from core.people.sharing.standings import leaderboard, robustness


def show(tries: Sequence[Attempt], models: Sequence[Shared]) -> None:
    """Draw both tables; nothing before the first try."""
    if not tries:
        return
    lines = leaderboard(tries)
    teams, held = st.columns(2)
    with teams:
        st.subheader("Leaderboard", anchor=False)
        st.dataframe(
            pd.DataFrame([{"Team": one.team, "Points": one.points, "Tries": one.tries} for one in lines]),
            hide_index=True,
            key="break-it-teams",
            column_config={
                "Points": st.column_config.ProgressColumn(
                    "Points", min_value=0, max_value=max(1, *(one.points for one in lines)), format="%d"
                )
            },
        )
    with held:
        st.subheader("How well models hold", anchor=False)
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Model": one.item.name,
                        "By": one.item.owner,
                        "Held": round(100 * (1 - one.fooled / one.tries)),
                        "Tries": one.tries,
                    }
                    for one in robustness(tries, models)
                    if one.tries
                ]
            ),
            hide_index=True,
            key="break-it-models",
            column_config={"Held": st.column_config.ProgressColumn("Held", min_value=0, max_value=100, format="%d%%")},
        )
