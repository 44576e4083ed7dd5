"""Series: a name that survives the way out of the native core, and selectors."""

from hypothesis import given
from hypothesis import strategies as st

from tonnage.metrics.series import Series

# The two separators cannot be part of a name: the native core writes none.
words = st.text(st.characters(exclude_characters="\x1e\x1f", exclude_categories=["Cs"]), max_size=8)
tags = st.dictionaries(words.filter(bool), words, max_size=4)
series = st.builds(lambda metric, found: Series(metric, tuple(sorted(found.items()))), words, tags)


@given(series)
def test_a_key_is_read_as_what_was_written(one):
    assert Series.parse(one.key) == one
    assert Series.parse(one.key).key == one.key


@given(st.lists(series, max_size=6))
def test_different_series_have_different_keys(many):
    assert len({one.key for one in many}) == len(set(many))


@given(words, tags)
def test_the_order_of_tags_in_a_key_does_not_matter(metric, found):
    backwards = "".join(f"\x1f{name}\x1e{value}" for name, value in sorted(found.items(), reverse=True))
    assert Series.parse(metric + backwards) == Series(metric, tuple(sorted(found.items())))


@given(series)
def test_every_series_matches_itself_and_the_empty_selector(one):
    assert one.matches({})
    assert one.matches(one.tag)


@given(series, tags)
def test_a_selector_matches_when_each_of_its_tags_is_there(one, selector):
    assert one.matches(selector) == (selector.items() <= one.tag.items())


def test_a_tag_that_is_absent_is_not_the_empty_one():
    assert not Series.of("http_reqs").matches({"name": ""})


def test_censored_samples_are_marked_by_a_tag():
    assert Series.of("http_req_duration", censored="true").is_censored
    assert not Series.of("http_req_duration", censored="false").is_censored
