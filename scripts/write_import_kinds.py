"""Write docs/import-kinds.md, the table of the kinds of input that the tests try.

python scripts/write_import_kinds.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.data.importing.kinds.catalogue import CATALOGUE
from tests.data.importing.kinds.page import PAGE, page_of


def main() -> None:
    """Write the page."""
    PAGE.write_text(page_of(CATALOGUE), encoding="utf-8")
    print(f"{PAGE}: {len(CATALOGUE)} kinds")


if __name__ == "__main__":
    main()
