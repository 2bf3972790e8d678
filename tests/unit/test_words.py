"""Numbers as people read them, in one format."""

from __future__ import annotations

import numpy as np
import pytest

from raremd.analysis.words import (
    bounds,
    count,
    factor,
    given,
    listed,
    logarithm,
    number,
    quantity,
    ratio,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e6, "1,000,000"),
        (1112.6, "1,110"),
        (64_000, "64,000"),
        (0.0123456, "0.0123"),
        (0.0000123456, "0.0000123"),
        (-2.5e-7, ">-0.000001"),
        (1.2e-28, "<0.000001"),
        (1e-6, "0.000001"),
        (1.2345e17, "123,000,000,000,000,000"),
        (28.5, "28.5"),
        (5, "5"),
        (np.inf, "∞"),
        (np.nan, "–"),
    ],
)
def test_numbers_have_three_digits_and_no_exponent(value, text):
    assert number(value) == text


def test_what_stands_in_the_configuration_keeps_its_digits():
    assert given(1234567, "ps") == "1,234,567 ps"
    assert given(0.2) == "0.2"
    assert given(0.1 + 0.2) == "0.3"
    assert given(1e-7) == "0.0000001"


def test_nothing_is_told_beyond_the_cap_of_errors():
    assert [ratio(x) for x in (-13.0, -1.0, 0.0, 5.0, 16.0)] == [
        "<0.031", "0.50", "1.00", ">32", ">32",
    ]  # fmt: skip
    assert [logarithm(x) for x in (-11.9, 0.123, 5.77, np.inf)] == ["<-5", "+0.12", ">+5", ">+5"]
    assert factor(-0.32) == "1.25"


def test_sentences():
    assert bounds(935.2, np.inf) == "[935, ∞]"
    assert quantity(17_612, "tau") == "17,600 τ"
    assert [given(n, "frame") for n in (1, 20)] == ["1 frame", "20 frames"]
    assert count(1, "slow transition") == "1 slow transition"
    assert count(1310, "process", "processes") == "1,310 processes"
    assert listed(["a", "b", "c"]) == "a, b and c"
