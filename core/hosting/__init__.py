"""The server of a class: addresses, certificate, secrets, and the processes behind https."""
