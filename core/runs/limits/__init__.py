"""What a pupil's quota lets a training do."""
