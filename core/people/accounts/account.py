"""The account with which somebody has signed in, as their browser proves it."""

from dataclasses import dataclass

LONGEST_ID = 300
"""Of an issuer or subject; OpenID Connect allows a subject of 255 ASCII characters."""


@dataclass(frozen=True)
class Account:
    """What a provider says of somebody; OpenID Connect Core 1.0, section 2, says what identifies them."""

    issuer: str
    subject: str
    """With the issuer the only identity: names and addresses change, and are given to others."""
    name: str
    """A first name to propose; may be empty."""
    address: str
    """The e-mail address in lower case, only where the provider has verified it; empty otherwise."""
    signed_in: float
    """When this server signed the browser's cookie, in seconds since 1970."""
    token: str
    """What only this browser has since it signed in."""
