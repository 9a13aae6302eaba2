"""Codes, cards, PINs and tokens: how they are made, and how they are kept.

Cards and PINs are kept as scrypt hashes, with the parameters that OWASP's password storage cheat sheet names for 32 MB
(N = 2^15, r = 8, p = 3). Tokens have 256 random bits, so SHA-256 is enough for them.
"""

import hashlib
import hmac
import secrets

CODE_LETTERS = "ABCDEFGHJKMNPQRTUVWXYZ"
"""No I, L, O or S, which look like digits on a blackboard."""
CODE_LENGTH = 6
PIN_DIGITS = 8
_ANIMALS = (
    "ant badger bat bear beaver bee bison camel cat cheetah cow crab crane crow deer dog dolphin donkey duck eagle eel "
    "elk falcon ferret finch fox frog gecko goat goose hare hawk hedgehog heron horse jaguar koala lark lemur lion "
    "lizard llama lynx magpie mole moose moth mouse otter owl panda parrot pony puma rabbit raven robin salmon seal "
    "sheep snail spider swan tiger toad trout turtle walrus whale wolf wren yak zebra"
)
_SALT_BYTES = 16
_COST = {"n": 2**15, "r": 8, "p": 3, "maxmem": 2**26}


def new_code() -> str:
    """Return a class code of six letters: one of 113 million."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def new_card() -> str:
    """Return the words of a pupil's card, such as ``otter-4729``: one of about 660,000, easy to copy down."""
    return f"{secrets.choice(_ANIMALS.split())}-{secrets.randbelow(9000) + 1000}"


def new_pin() -> str:
    """Return a teacher's PIN of eight digits."""
    return "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))


def new_token() -> str:
    """Return what a browser's cookie holds: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """Return the SHA-256 under which a token is kept."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def hashed(secret: str) -> bytes:
    """Return the salted scrypt hash of a card or PIN; it takes about a tenth of a second."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + _scrypt(secret, salt)


def matches(secret: str, kept: bytes | None) -> bool:
    """Return whether the secret is the one that was hashed; the comparison takes the same time either way."""
    salt, digest = (kept or bytes(_SALT_BYTES + 32))[:_SALT_BYTES], (kept or bytes(_SALT_BYTES + 32))[_SALT_BYTES:]
    return hmac.compare_digest(_scrypt(secret, salt), digest) and kept is not None


def _scrypt(secret: str, salt: bytes) -> bytes:
    plain = "".join(secret.split()).lower().encode("utf-8", "replace")[:200]
    return hashlib.scrypt(plain, salt=salt, dklen=32, n=_COST["n"], r=_COST["r"], p=_COST["p"], maxmem=_COST["maxmem"])
