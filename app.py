"""The home page, and the server of all pages: ``streamlit run app.py``.

Streamlit finds ``app`` below, imports this file for it, and runs the file again as a script for each visit of the home
page.
"""

if __name__ == "__main__":
    from pages.components.home.home_page import draw_home

    draw_home()
else:
    import streamlit as st

    from pages.components.annotate.desk.desk_routes import desk_routes
    from pages.components.door.app_server import app_middleware, app_routes, at_start
    from pages.components.many_tabs import ready_for_many

    ready_for_many()
    app = st.App(__file__, routes=[*app_routes(), *desk_routes()], middleware=app_middleware(), lifespan=at_start)
