"""Fit on validation photos how far answers can be trusted; core.inspection.deciding applies it."""
