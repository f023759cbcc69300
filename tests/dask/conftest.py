"""A cluster in the process of the tests, which is the cheapest one."""

import pytest


@pytest.fixture(scope="session")
def cluster_client():
    """Return the client of two workers in threads of this process."""
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("dask.dataframe")
    with distributed.Client(
        processes=False, n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as client:
        yield client
