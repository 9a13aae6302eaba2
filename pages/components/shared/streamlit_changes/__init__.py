"""Where the app changes what Streamlit does."""
