"""The texts of the worksheets, a module for each lesson."""
