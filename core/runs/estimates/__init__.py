"""How long a run will take, estimated before it starts from the speed of this machine."""
