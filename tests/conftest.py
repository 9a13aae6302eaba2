"""What every test shares: a workspace that is not the user's, and the real default weights."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from core.models.weights import Pretrained

# Every run tries the same examples, so that a change that breaks nothing fails nothing; make search looks for others.
# A busy machine takes longer for one example than hypothesis allows by default; the whole run has a limit of its own.
settings.register_profile("studio", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "studio"))


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what the imports created: looking through it took 6% of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def same_random_numbers_in_every_run() -> None:
    """Seed PyTorch, so that a network that a test leaves to chance is the same in every run and every order."""
    if "torch" in sys.modules:
        import torch  # waits until a page that loads it in the background has done so

        torch.manual_seed(0)


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
