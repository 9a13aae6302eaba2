"""Take the splits of photos from their folders, where the labels say none: train/a.jpg, test/b.jpg."""

from dataclasses import replace

from core.data.importing.formats.gathered_labels import LabelCollector
from core.data.tables.labels_csv import split_named


def add_splits_of_folders(collected: LabelCollector, kind: str) -> None:
    """Give photos the splits of their folders, and say so; only where all have none and some of the folders is train.

    ``kind`` are the labels that say no split.
    """
    if any(row.split for row in collected.rows.values()):
        return
    splits = {
        path: split
        for path in collected.rows
        if (split := next(filter(None, map(split_named, reversed(path.split("/")[:-1]))), None))
    }
    if len(set(splits.values())) < 2 or "train" not in splits.values():
        return
    for path, split in splits.items():
        collected.rows[path] = replace(collected.rows[path], split=split)
    text = f"the splits of {len(splits):,} photos are those of their folders, because {kind} says none"
    collected.add_remark_on(text, splits)
