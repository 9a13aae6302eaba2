"""Publish an exported folder on the Hugging Face Hub."""
