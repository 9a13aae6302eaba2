"""Print the exact versions of all packages in this environment, as a constraints file for pip.

    make constraints

The CUDA libraries are left out: torch pins them itself, and the file must also work on machines without them.
"""

import re
from importlib.metadata import distributions

HEADER = """\
# The exact versions that were tested together; `make constraints` renews them. Ranges and reasons: requirements.txt.
"""
LEFT_OUT = re.compile(r"^(nvidia-|cuda-|triton$|pip$|setuptools$|wheel$|resnet-studio$)")


def lines() -> list[str]:
    """Return ``name==version`` for each installed package, sorted, without suffixes of local versions such as +cpu."""
    found = {re.sub(r"[-_.]+", "-", one.name).lower(): one.version.partition("+")[0] for one in distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if not LEFT_OUT.match(name)]


if __name__ == "__main__":
    print(HEADER + "\n".join(lines()))
