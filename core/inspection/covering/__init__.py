"""What covering a part of a photo does to an answer: by hand, patch after patch, and against a person's guess."""
