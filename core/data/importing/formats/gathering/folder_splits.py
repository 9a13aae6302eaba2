"""Take the splits of photos from their folders, where the labels say none: train/a.jpg, test/b.jpg."""

from dataclasses import replace

from core.data.importing.formats.gathered_labels import LabelCollector
from core.data.importing.names.table_splits import splits_of_folders


def add_splits_of_folders(collected: LabelCollector, kind: str) -> None:
    """Give photos the splits of their folders, as those of a table have them, and say so; only where all have none.

    ``kind`` are the labels that say no split.
    """
    if any(row.split for row in collected.rows.values()):
        return
    splits = splits_of_folders(collected.rows)
    if not splits:
        return
    for path, split in splits.items():
        collected.rows[path] = replace(collected.rows[path], split=split)
    photos = (
        "the split of 1 photo is that of its folder"
        if len(splits) == 1
        else (f"the splits of {len(splits):,} photos are those of their folders")
    )
    collected.add_remark_on(f"{photos}, because {kind} says none", splits)
