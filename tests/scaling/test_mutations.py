"""Every deliberate error in the HPA is caught by a case; `python -m tests.conformance --mutations` prints by which."""

import sys

import pytest
from tests.conformance.mutations import MUTATIONS, Mutation, first_caught, spoilt
from tests.conformance.runner import FOLDER, files

from tonnage.scaling.hpa import calculator


@pytest.mark.skipif(not files("hpa/hpa_*.json"), reason=f"no conformance cases in {FOLDER}")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_deliberate_error_is_caught(mutation):
    assert first_caught(mutation) is not None


def test_a_mutation_leaves_nothing_behind():
    with spoilt(MUTATIONS[1]):
        assert sys.modules.get("tonnage.scaling.hpa.calculator") is None
    assert sys.modules["tonnage.scaling.hpa.calculator"] is calculator


def test_a_mutation_of_code_that_is_gone_is_an_error():
    gone = Mutation("gone", "calculator", "no such text", "")
    with pytest.raises(ValueError, match="mend the mutation"):
        first_caught(gone)
