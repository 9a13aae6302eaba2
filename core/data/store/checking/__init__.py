"""Looks for lost and damaged files of a workspace, and repairs what can be repaired."""
