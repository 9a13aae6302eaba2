"""The experiments behind the Learn page: real training runs and measurements, short enough to wait for."""
