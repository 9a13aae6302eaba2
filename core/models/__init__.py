"""Residual networks, pretrained weights and bundles."""
