"""The worksheets of all lessons."""

from core.lessons.worksheets.sheets.augmentation import AUGMENTATION
from core.lessons.worksheets.sheets.family import FAMILY
from core.lessons.worksheets.sheets.inside import INSIDE
from core.lessons.worksheets.sheets.layers import LAYERS
from core.lessons.worksheets.sheets.preprocessing import PREPROCESSING
from core.lessons.worksheets.sheets.skips import SKIPS
from core.lessons.worksheets.sheets.transfer import TRANSFER

WORKSHEETS = {one.lesson: one for one in (INSIDE, SKIPS, TRANSFER, AUGMENTATION, PREPROCESSING, LAYERS, FAMILY)}
"""By the name of the lesson, in the order of the page Learn."""
