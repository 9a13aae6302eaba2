"""Accessibility in Chromium: axe-core on every page, and the keyboard alone."""
