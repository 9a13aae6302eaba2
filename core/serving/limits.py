"""How much one request, and all of them together, may ask of the service."""

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """The limits of POST /predict. Those on pixels are the decoder's own (core.data.pictures.decoding_limits)."""

    photos: int = 16
    """In one request."""
    megabytes: int = 64
    """Of one request's body, in 2^20 bytes."""
    requests: int = 8
    """Whose photos have arrived and are answered or wait; one more is told to try again."""
    uploads: int = 32
    """Whose photos are still arriving, of all clients together. They wait on disk."""
    uploads_of_one: int = 8
    """Of one address, so that a client with slow uploads cannot keep others out."""
    upload_seconds: float = 120.0
    """How long the body of a request may take to arrive."""
    silent_seconds: float = 15.0
    """How long no byte of it may arrive."""

    @property
    def bytes(self) -> int:
        return self.megabytes * MEGABYTE
