"""The experiments behind the Learn page: real trainings and measurements, small enough to be waited for."""
