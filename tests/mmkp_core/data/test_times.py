import pyarrow as pa
import pytest

from mmkp_core.data.times import times


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2019-02-25T11:32:59Z", "2019-02-25T11:32:59+00:00"),
        ("2019-02-25 11:32:59+02:00", "2019-02-25T09:32:59+00:00"),
        ("2019-02-25T11:32:59", "2019-02-25T11:32:59+00:00"),
        ("2019-02-25", "2019-02-25T00:00:00+00:00"),
        ("2019-02-25T11:32:59.1234567Z", "2019-02-25T11:32:59.123456+00:00"),
        ("Wed Oct 10 20:19:24 +0200 2018", "2018-10-10T18:19:24+00:00"),
    ],
)
@pytest.mark.parametrize("neighbour", ["2019-01-01T00:00:00Z", "2019-01-01", None])
def test_a_time_means_the_same_in_any_company(said: str, meant: str, neighbour: str | None) -> None:
    found, bad = times(pa.array([neighbour, said, neighbour], pa.string()))
    assert found[1].as_py().isoformat() == meant
    assert bad == []


@pytest.mark.parametrize("said", ["yesterday", "2019-13-01", "", "1234567890123456", "Wed Foo 10 20:19:24 +0200 2018"])
def test_what_is_no_time_is_told(said: str) -> None:
    found, bad = times(pa.array(["2019-01-01T00:00:00Z", said, None], pa.string()))
    assert bad == [1]
    assert [time.is_valid for time in found] == [True, False, False]
