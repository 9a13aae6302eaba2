"""From files and tables of any kind to images and annotations in a project: recognised, planned, then carried out."""
