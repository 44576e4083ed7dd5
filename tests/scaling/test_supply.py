"""Supply, by its text."""

from dataclasses import fields
from pathlib import Path
from random import Random

import pytest

from tonnage.capacity.service import ServiceModel
from tonnage.capacity.sessions import SessionModel
from tonnage.errors import PlanError
from tonnage.scaling.supply import Delay, Supply


def test_a_text_names_what_differs():
    text = "startup=45s,warmup=30s,node=120s..240s,per_node=4,gaps=1h..2h+3h..4h,restarts=5m,price_replica=0.36/h"
    supply = Supply.parse(text)
    assert supply.startup == Delay.fixed(45)
    assert supply.node == Delay(120, 240)
    assert supply.gaps == ((3600, 7200), (10800, 14400))
    assert supply.restarts == (300,)
    assert supply.price_replica == pytest.approx(1e-4)
    assert supply.is_priced
    assert not Supply.parse("").is_priced


def test_a_mapping_says_the_same():
    given = {"gaps": ["1h..2h", "3h..4h"], "per_node": 4, "retry": 0.5}
    assert Supply.from_mapping(given) == Supply.parse("gaps=1h..2h+3h..4h,per_node=4,retry=0.5")


def test_every_mistake_is_named():
    with pytest.raises(PlanError) as refusal:
        Supply.parse("startup=soon,warm_up=3s,node=4m..2m,routing=best,balancing=fair,retry=2,gaps=1h,surge=0")
    assert len(refusal.value.mistakes) == 8
    assert "did you mean warmup?" in str(refusal.value)


def test_a_gap_is_dark_and_its_end_is_not():
    supply = Supply.parse("gaps=10s..20s")
    assert [supply.is_dark(t) for t in (9.9, 10, 19.9, 20)] == [False, True, True, False]


def test_delays_lie_in_their_range_and_fixed_ones_draw_nothing():
    random = Random(1)
    assert all(2 <= Delay(2, 3).draw(random) <= 3 for _ in range(100))
    before = random.getstate()
    assert Delay.fixed(5).draw(random) == 5
    assert random.getstate() == before


@pytest.mark.parametrize("kind", [Supply, ServiceModel, SessionModel])
def test_the_reference_names_every_value(kind):
    page = (Path(__file__).parents[2] / "docs/reference/rehearsal.md").read_text(encoding="utf-8")
    names = {each.name for each in fields(kind)} - {"replicas"}
    assert {name for name in names if f"`{name}`" not in page} == set()
