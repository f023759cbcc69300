"""Few examples, the same in every run: whoever looks for more raises `max_examples`."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same in every run",
    derandomize=True,
    max_examples=40,
    deadline=None,  # tests never time things
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same in every run")
