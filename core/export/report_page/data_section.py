"""The section on the data: photos by class and split, how they were split, and which groups stayed together."""

import pandas as pd

from core.data.snapshot import BY_USER, GROUP
from core.data.splits import SPLITS
from core.export.report_page.html_parts import counted, esc, fold, name, paragraph, section, table
from core.export.report_page.run_record import RunRecord

_OPEN = 30
"""Most classes whose table is not folded away."""


def data_section(record: RunRecord) -> str:
    """Return the section."""
    counts = record.snapshot.counts()
    train, val, test = (int(counts[split].sum()) for split in SPLITS)
    total = train + val + test
    summary = (
        f"{counted(total, 'photo')} in {counted(len(counts), 'class', 'classes')}: {train:,} for training, "
        f"{val:,} for validation, {test:,} kept back for the final exam."
    )
    rows = [
        [name(label), *(f"{int(row[split]):,}" for split in SPLITS), f"{int(row.sum()):,}"]
        for label, row in counts.iterrows()
    ]
    rows.append([f"<strong>{'All'}</strong>", *(f"{number:,}" for number in (train, val, test, total))])
    counted_table = table(["Class", "Training", "Validation", "Test", "All"], rows, "Photos by class and split")
    return section(
        "data",
        "The photos",
        paragraph(esc(summary)),
        counted_table if len(counts) <= _OPEN else fold("Photos of each class", counted_table),
        paragraph(esc(_split_words(record)), "small"),
    )


def _split_words(record: RunRecord) -> str:
    """Say how the photos were split."""
    frame, parts = record.snapshot.frame, []
    if record.snapshot.split_seed is not None:
        parts.append(
            f"Photos without a split of their own were split at random with seed {record.snapshot.split_seed}."
        )
    if GROUP in frame:
        parts.append(_group_words(frame, named=record.snapshot.grouped_by == BY_USER))
    parts.append(f"Digest of the data: {record.snapshot.digest[:16]}.")
    return " ".join(parts)


def _group_words(frame: pd.DataFrame, *, named: bool) -> str:
    """Say how many groups of photos there are, and whether any is in several splits."""
    by_group = frame.groupby(GROUP)["split"]
    several = by_group.size() > 1
    divided = int((by_group.nunique() > 1).sum())
    kind = "that a person named, such as one person, place or day" if named else "of near-duplicates"
    text = f"{counted(int(several.sum()), 'group')} {kind}"
    if divided:
        return f"{text}: {divided:,} of them in several splits, so the figures may be too optimistic."
    return f"{text}; none of them is divided between splits."
