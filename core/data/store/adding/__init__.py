"""What adding a picture needs before its row is written."""
