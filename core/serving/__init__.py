"""An HTTP service that answers photos with one model, for other programs."""
