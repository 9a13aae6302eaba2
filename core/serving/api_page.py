"""The service's own page: its addresses, what they answer, and a form to try it. It needs no internet."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from core.models.zoo import network_name

_CLASSES_SHOWN = 12

_PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; --line: #8886; --quiet: #7773; --accent: #0f766e; --on-accent: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --accent: #5eead4; --on-accent: #042f2e; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin: 0; }} h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; }}
code, pre {{ font: .9em ui-monospace, monospace; }}
pre {{ background: var(--quiet); padding: .75rem; border-radius: .5rem; overflow: auto; max-height: 24rem; margin: 0; }}
dl {{ margin: 0; }} dt {{ font-weight: 600; margin-top: .75rem; }} dd {{ margin: 0; overflow-wrap: anywhere; }}
form {{ display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin-bottom: .75rem; }}
input {{ max-width: 100%; }}
button {{ font: inherit; padding: .4rem 1rem; border: 0; border-radius: .5rem; cursor: pointer;
  background: var(--accent); color: var(--on-accent); }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{facts}</p>
<h2>Try it</h2>
<form id="try">
<label>Photos <input type="file" name="photos" accept="image/*" multiple required></label>
<button>Predict</button>
</form>
<pre id="answer" role="status" tabindex="0" aria-label="Answer">The answer appears here.</pre>
<h2>From a program</h2>
<pre tabindex="0" aria-label="Example">{example}</pre>
<h2>Addresses</h2>
<dl>
{addresses}
</dl>
<p>One request holds at most {photos} photos and {megabytes} MB. The full description is
<a href="openapi.json">openapi.json</a> (OpenAPI 3.1), which client generators and API tools read.</p>
<script>
const form = document.getElementById("try"), answer = document.getElementById("answer");
form.addEventListener("submit", async (event) => {{
  event.preventDefault();
  answer.textContent = "Predicting ...";
  try {{
    const reply = await fetch("predict", {{method: "POST", body: new FormData(form)}});
    answer.textContent = JSON.stringify(await reply.json(), null, 2);
  }} catch (problem) {{
    answer.textContent = "The service did not answer. " + problem.message;
  }}
}});
document.querySelector("pre:not(#answer)").append(location.origin + "/predict");
</script>
</body>
</html>
"""


def api_page(description: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Return the page for an OpenAPI description and the facts of GET /model."""
    names = facts["classes"]
    some = ", ".join(names[:_CLASSES_SHOWN]) + (" ..." if len(names) > _CLASSES_SHOWN else "")
    count = f"{len(names):,} class{'' if len(names) == 1 else 'es'}"
    return _PAGE.format(
        title=escape(description["info"]["title"]),
        facts=escape(f"{network_name(facts['arch'])} with {count}: {some}."),
        example="curl -F photos=@photo.jpg ",
        addresses="\n".join(_addresses(description["paths"])),
        photos=facts["limits"]["photos"],
        megabytes=facts["limits"]["megabytes"],
    )


def _addresses(paths: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for path, methods in paths.items():
        for method, operation in methods.items():
            said = escape(operation.get("description", ""))
            parameters = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
            asked = "".join(f" <code>?{escape(one['name'])}={_default(one)}</code>" for one in parameters)
            lines.append(f"<dt><code>{method.upper()} {escape(path)}</code>{asked}</dt><dd>{said}</dd>")
    return lines


def _default(parameter: Mapping[str, Any]) -> str:
    return escape(json.dumps(parameter["schema"].get("default")))
