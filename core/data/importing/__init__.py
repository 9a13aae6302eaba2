"""Import files and tables of many kinds as images and annotations of a project: recognise, plan, run."""
