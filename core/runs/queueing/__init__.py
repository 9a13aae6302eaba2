"""The queue of trainings on a server: which line a run waits in, who is ahead, and whose turn is next."""
