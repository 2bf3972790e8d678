"""What the last doubling of tokens changed, on histories whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from raremd.learning.last_doubling import best_tokens, last_doubling


def history(tokens, timescale, loss=1.0):
    """Columns that are needed; functions of the tokens."""
    rows = {"tokens": tokens, "expected_timescale": timescale, "validation_loss": loss}
    return pd.DataFrame(rows)


TOKENS = 250_000 * np.arange(1, 17)


def test_power_laws_change_by_their_exponent():
    found = last_doubling(history(TOKENS, TOKENS**0.7, TOKENS**-0.25))
    assert found.timescale == pytest.approx(0.7)
    assert found.loss == pytest.approx(-0.25)


def test_nothing_has_changed_after_convergence():
    found = last_doubling(history(TOKENS, 80.0))
    assert (found.timescale, found.loss) == (0.0, 0.0)


def test_evaluations_that_read_no_timescale_are_interpolated():
    read = np.isin(TOKENS, 250_000 * np.array([1, 2, 4, 8, 11]))
    early = history(TOKENS[:11], np.where(read, TOKENS**0.5, np.nan)[:11])
    assert last_doubling(early).timescale == pytest.approx(0.5)


@pytest.mark.parametrize(
    "timescale",
    [
        np.full(16, np.nan),
        np.r_[np.full(15, 5.0), np.nan],  # none at the end: the replicate failed
        np.r_[np.full(8, np.nan), np.full(8, 5.0)],  # none at half of the tokens
    ],
)
def test_unknown_where_one_end_is(timescale):
    found = last_doubling(history(TOKENS, timescale))
    assert np.isnan(found.timescale) and found.loss == 0.0


def test_unknown_without_training():
    assert np.isnan(last_doubling(history([0], 5.0)).loss)


def test_the_best_is_where_the_loss_was_lowest():
    falls = history(TOKENS, 5.0, -np.log(TOKENS))
    rises_again = history(TOKENS, 5.0, np.abs(np.arange(16) - 4))
    assert (best_tokens(falls), best_tokens(rises_again)) == (4_000_000, 1_250_000)
