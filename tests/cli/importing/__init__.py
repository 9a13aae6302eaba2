"""Tests of the import command on the command line."""
