"""Plan the import of Teachable Machine's zips in a folder: ``cat-samples.zip``, ``dog-samples.zip``, or a project."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from core.data.importing.archives import LIMITS, ZipLimits, list_zip
from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.teachable_machine import PROJECT_SUFFIX, class_of_zip, with_class_of_zip
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_files import plan_from_files
from core.data.tables.names import search_key
from core.data.tables.questions import Asking
from core.errors import DataError


def samples_among(paths: Collection[str], refused: dict[str, str]) -> set[str]:
    """Return the files that are samples or projects of Teachable Machine by their names.

    ``refused`` gets those whose unpacked folder lies beside them: the same photos would be imported twice.
    """
    folders = {search_key(path[:end]) for path in paths for end in range(len(path)) if path[end] == "/"}
    found = {path for path in paths if class_of_zip(path) or suffix_of(path) == PROJECT_SUFFIX}
    for path in sorted(found):
        folder = path.rpartition(".")[0]
        if search_key(folder) in folders:
            refused[path] = f"it is not opened, because the folder {folder} beside it may hold its photos"
    return found - refused.keys()


def plan_samples(
    zips: Mapping[str, Path], refused: dict[str, str], asking: Asking, limits: ZipLimits = LIMITS
) -> list[ImportPlan]:
    """Return a plan for each zip, with the class in its name; those that cannot be opened go to ``refused``."""
    plans = []
    for name, path in sorted(zips.items()):
        own = asking.within(name)
        try:
            listing = list_zip(path, name, limits, own)
        except DataError as error:
            refused[name] = str(error)
            continue
        plan = with_class_of_zip(plan_from_files(listing.files, listing.refused, name, own), name, own)
        plans.append(replace(plan, problems=(*listing.remarks, *plan.problems)))
    return plans
