"""ResNet Studio without its pages: data, models, training, runs, inspection and export."""
