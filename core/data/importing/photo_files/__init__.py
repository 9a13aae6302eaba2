"""The photo files of an import before they are decoded: their first bytes, their frames, and why others are skipped."""
