"""Numbers that the library does not make: of what was not checked, or is not there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from chains import sample_chain, two_state
from pydantic import Field

import raremd
from raremd.learning.estimators import estimator
from raremd.study.settings import models
from raremd.study.settings.messages import ConfigError

TINY = {"tokens": 20_000, "evaluate_tokens": 5000, "window": 20, "batch": 32}


@pytest.fixture(scope="module")
def md():
    """The user calls the states 7 and 3."""
    return [np.array([7, 3])[sample_chain(two_state(0.05, 0.05), 4000, seed)] for seed in range(5)]


def test_a_model_that_never_crosses_is_too_slow_however_fast_it_is_on_either_side():
    fast, slow = 0.1, 0.005
    chain = np.array(
        [
            [1 - fast, fast, 0, 0],
            [fast, 1 - fast - slow, slow, 0],
            [0, slow, 1 - fast - slow, fast],
            [0, 0, fast, 1 - fast],
        ]
    )
    md = [sample_chain(chain, 5000, seed) for seed in range(6)]
    sides = [sample_chain(two_state(fast, fast), 5000, s) + 2 * (s % 2) for s in range(8)]
    stuck = [np.zeros(5000, int)] * 8
    how = {"lags": [1, 5, 20], "frame_interval": 1, "unit": "ns", "samples": 40}
    models = {"once": sides, "again": [sides[:4], sides[4:]], "stuck": stuck}
    found = raremd.compare(md, models, **how)
    for name in models:
        assert f"**{name} does not reproduce** the MD: its t1 is a factor of >32 too slow" in (
            found.text
        )
    few = raremd.compare(md, {"short": [np.zeros(100, int)]}, **how)
    assert few.outcomes == {"short": "cannot tell"}, "none is expected in so few frames"


def test_the_same_set_twice_is_no_second_training(md):
    how = {"lags": [1, 5, 20], "frame_interval": 1, "unit": "ns", "samples": 40}
    own = [sample_chain(two_state(0.05, 0.05), 500, seed) for seed in range(50, 54)]
    user = [np.array([7, 3])[d] for d in own]
    for twice in ([user, user], user + user[:1]):
        with pytest.raises(ValueError, match="once more; give each once"):
            raremd.compare(md, {"lstm": twice}, **how)


def test_it_has_not_converged_if_no_evaluation_tells(md):
    how = TINY | {"evaluate_tokens": 20_000}
    fitted = raremd.LSTM(hidden=4, embedding=4, **how).fit(md, progress=False)
    assert np.isnan(fitted.fitted.record.loss_moved_log2) and not fitted.converged
    how.pop("evaluate_tokens")
    fitted = raremd.LSTM(hidden=4, embedding=4, **how).fit(md, progress=False)
    assert np.isfinite(fitted.fitted.record.loss_moved_log2), "by default there are enough"


def test_settings_of_torch_do_not_reach_a_fit(md):
    wanted = raremd.LSTM(hidden=4, embedding=4, **TINY).fit(md, progress=False)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            found = raremd.LSTM(hidden=4, embedding=4, **TINY).fit(md, progress=False)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.validation_loss == wanted.validation_loss


@pytest.mark.parametrize("where", ["raremd.models.lstm:Nope", "raremd.models.nope:A", "nope", ":A"])
def test_an_entry_that_names_no_class(md, monkeypatch, where):
    class MineSettings(models.MarkovSettings):
        """None of its own."""

    monkeypatch.setitem(models.KINDS, "mine", models.Kind(MineSettings, where))
    with pytest.raises(ConfigError, match=r"^KINDS\['mine'\]: '.*' names no class"):
        estimator("mine")().fit(md, progress=False)


def test_an_option_without_a_default_is_saved_and_loaded(md, monkeypatch, tmp_path):
    class AskedSettings(models.MarkovSettings):
        """How many of something."""

        many: int = Field(ge=1, description="Asked for.")

    kind = models.Kind(AskedSettings, models.KINDS["markov"].where)
    monkeypatch.setitem(models.KINDS, "asked", kind)
    estimator("asked")(many=3, window=20).fit(md, progress=False).save(tmp_path / "a.safetensors")
    assert raremd.load(tmp_path / "a.safetensors").options.many == 3


def test_a_default_that_its_own_class_does_not_allow_is_named_as_such(monkeypatch):
    class HastySettings(models.MarkovSettings):
        """One that is out of bounds."""

        ahead: int = Field(default=7, le=1, description="Frames.")

    monkeypatch.setitem(models.KINDS, "hasty", models.Kind(HastySettings, "raremd.models:X"))
    told = "^default of HastySettings.ahead: 7 must be at most 1$"
    with pytest.raises(ConfigError, match=told):
        estimator("hasty")()
    with pytest.raises(ConfigError, match=told):
        models.read_model_settings("hasty", {})
    with pytest.raises(ConfigError, match=r"^Hasty\.ahead: 9 must be at most 1$"):
        estimator("hasty")(ahead=9)
    with pytest.raises(ConfigError, match=r"^settings\.ahead: 9 must be at most 1$"):
        models.read_model_settings("hasty", {"ahead": 9})
