"""What every test shares: a workspace that is not the user's, and the real default weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from core.models.weights import Pretrained

# A busy machine takes longer for one example than hypothesis allows by default; the whole run has a limit of its own.
settings.register_profile("studio", deadline=None)
settings.load_profile("studio")


@pytest.fixture(scope="session", autouse=True)
def workspace_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """RESNET_STUDIO_HOME points at a temporary folder, also for the processes that tests start."""
    home = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_STUDIO_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def default_weights() -> "Pretrained":
    """The real ImageNet weights of resnet50, fetched into the repository's weights folder where they are not there yet.

    Skips, with the reason, where no source can be reached. Its tests are marked ``weights``.
    """
    from core.errors import WeightsUnavailable
    from core.models.weights import fetch

    try:
        return fetch()
    except WeightsUnavailable as error:
        pytest.skip(str(error))
