"""Files that hold a key, a password or a token: they are never published by mistake."""

import re
from pathlib import Path

_NAMES = frozenset(
    (
        "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "secrets.toml", "secrets.json", "secrets.yaml", "secrets.yml",
        "credentials.json", "credentials", "token", "stored_tokens", "kaggle.json",
    )
)  # fmt: skip
_SUFFIXES = frozenset((".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".env"))
# Not in the middle of a longer run of letters: the base64 of a model holds every short pattern somewhere.
_ALONE = rb"(?<![A-Za-z0-9+/_=-])(?:%s)(?![A-Za-z0-9+/_=-])"
_BEGINNINGS = {
    "a private key": (b"PRIVATE KEY",),
    "a token of Hugging Face": (b"hf_", b"api_org_"),
    "a token of GitHub": (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
    "a token of GitLab": (b"glpat-",),
    "a key of AWS": (b"AKIA", b"ASIA"),
    "a key of Google": (b"AIza",),
    "a key of OpenAI or Anthropic": (b"sk-",),
    "a token of Slack": (b"xox",),
}
"""What is looked for first, because a model has a hundred megabytes and plain words are found many times faster."""
_CONTENTS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    "a token of Hugging Face": re.compile(_ALONE % rb"(?:hf|api_org)_[A-Za-z0-9]{30,64}"),
    "a token of GitHub": re.compile(_ALONE % rb"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"),
    "a token of GitLab": re.compile(_ALONE % rb"glpat-[A-Za-z0-9_-]{20,255}"),
    "a key of AWS": re.compile(_ALONE % rb"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    "a key of Google": re.compile(_ALONE % rb"AIza[A-Za-z0-9_-]{35}"),
    "a key of OpenAI or Anthropic": re.compile(_ALONE % rb"sk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,255}"),
    "a token of Slack": re.compile(_ALONE % rb"xox[abprs]-[A-Za-z0-9-]{20,255}"),
}
_BLOCK, _OVERLAP = 2**22, 512


def secret_reason(path: Path) -> str:
    """Return why a file looks like it holds a secret, in half a sentence; empty if it does not. Raises OSError."""
    name = path.name.lower()
    if name in _NAMES or path.suffix.lower() in _SUFFIXES or name.startswith(".env"):
        return "its name is that of a file with keys"
    with path.open("rb") as file:
        before = b""
        while block := file.read(_BLOCK):
            text = before + block
            for what, pattern in _CONTENTS.items():
                if any(some in text for some in _BEGINNINGS[what]) and pattern.search(text):
                    return f"it holds {what}"
            before = text[-_OVERLAP:]
    return ""
