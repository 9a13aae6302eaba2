"""Share photos between machines by their names, so that each is predicted by exactly one of them."""

import hashlib
import re
from dataclasses import dataclass

from core.errors import DataError

_MOST = 10_000


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``count``; the first is number 1."""

    number: int
    count: int

    @classmethod
    def read(cls, text: str) -> "Shard":
        """Return the shard of a text such as "2/8"; raises DataError for anything else."""
        found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text.strip())
        number, count = (int(one) for one in found.groups()) if found else (0, 0)
        if not 1 <= number <= count <= _MOST:
            raise DataError(
                f"{text[:40]!r} is not a shard. Write the part and the number of parts, from 1/8 to 8/8 for eight "
                f"parts; at most {_MOST:,} are allowed."
            )
        return cls(number, count)

    def has(self, name: str) -> bool:
        """Return whether a photo belongs to this part: by its name alone, whichever other photos there are."""
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
