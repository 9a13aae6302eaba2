"""The parts of the Gradio demo, and what Gradio reads from the environment once, on import.

It sends no usage data; a port that is not a number would be a traceback; and it asks its own page whether it is there,
which no proxy can answer.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
PORT = os.environ.pop("GRADIO_SERVER_PORT", None)
for _variable in ("NO_PROXY", "no_proxy"):
    os.environ[_variable] = ",".join(filter(None, (os.environ.get(_variable), "localhost,127.0.0.1,::1")))
