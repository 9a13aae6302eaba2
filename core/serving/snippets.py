"""Example code that asks the service, for the Export page and docs/service.md."""

_PYTHON = """import requests

with open("{photo}", "rb") as photo:
    reply = requests.post("{address}/predict", files={{"photos": photo}}, timeout=60)
found = reply.json()
if "error" in found:
    raise SystemExit(found["error"])
for answer in found["answers"]:
    best = answer["predictions"][0]
    unsure = " (unsure)" if answer.get("unsure") else ""
    print(f"{{answer['filename']}}: {{best['name']}} {{best['probability']:.6f}}{{unsure}}")"""

_JAVASCRIPT = """import {{ openAsBlob }} from "node:fs";

const form = new FormData();
form.append("photos", await openAsBlob("{photo}"), "{photo}"); // in a browser: input.files[0]
const reply = await fetch("{address}/predict", {{ method: "POST", body: form }});
const found = await reply.json();
if (found.error) throw new Error(found.error);
for (const answer of found.answers) {{
  const best = answer.predictions[0];
  const unsure = answer.unsure ? " (unsure)" : "";
  console.log(`${{answer.filename}}: ${{best.name}} ${{best.probability.toFixed(6)}}${{unsure}}`);
}}"""

_CURL = 'curl -F photos=@{photo} "{address}/predict?top=3"'

ADDRESS = "http://127.0.0.1:8000"


def python_client(address: str = ADDRESS, photo: str = "photo.jpg") -> str:
    """Return a program that needs only the package requests."""
    return _PYTHON.format(address=address, photo=photo)


def javascript_client(address: str = ADDRESS, photo: str = "photo.jpg") -> str:
    """Return a module for Node.js 20 or newer."""
    return _JAVASCRIPT.format(address=address, photo=photo)


def curl_client(address: str = ADDRESS, photo: str = "photo.jpg") -> str:
    """Return a command line."""
    return _CURL.format(address=address, photo=photo)
