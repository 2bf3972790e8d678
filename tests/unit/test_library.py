"""The library by itself: estimators, comparison and inspection on chains with known answers."""

from __future__ import annotations

import json
import pickle
import re

import numpy as np
import pytest
import torch
from chains import sample_chain, two_state
from safetensors import safe_open

import raremd
from raremd.kinetics.timescales import count_matrix, estimate
from raremd.learning.estimators import names
from raremd.study.settings import models
from raremd.study.settings.messages import ConfigError

T1 = -1 / np.log(0.9)
"""Frames, of a chain that leaves either state with probability 0.05."""
TINY = {"tokens": 20_000, "evaluate_tokens": 5000, "window": 20, "batch": 32}


@pytest.fixture(scope="module")
def md():
    """The user calls the states 7 and 3."""
    return [np.array([7, 3])[sample_chain(two_state(0.05, 0.05), 4000, seed)] for seed in range(5)]


@pytest.fixture(scope="module")
def lstm(md):
    return raremd.LSTM(hidden=4, embedding=4, seed=1, **TINY).fit(md, progress=False)


class TestEstimators:
    def test_each_kind_of_model_has_one(self):
        made = {kind: getattr(raremd, name).kind for name, kind in names().items()}
        assert made == {kind: kind for kind in models.KINDS}
        assert {"LSTM", "Transformer", "GRU", "Markov", "NGram", "compare"} <= set(dir(raremd))

    def test_a_new_kind_needs_an_entry_only(self, monkeypatch, md):
        class UniformSettings(models.MarkovSettings):
            """Every state alike."""

        entry = models.Kind(UniformSettings, f"{__name__}:Uniform")
        monkeypatch.setattr(models, "KINDS", models.KINDS)
        monkeypatch.setitem(models.KINDS, "uniform", entry)
        fitted = raremd.Uniform(window=20).fit(md, progress=False)
        assert fitted.validation_loss == pytest.approx(np.log(2))
        assert not fitted.converged

    def test_generates_the_chain_in_the_users_states(self, md):
        markov = raremd.Markov(window=20).fit(md, progress=False)
        walkers = markov.generate(16, 2000, progress=False)
        assert [len(w) for w in walkers] == [2000] * 16
        assert set(np.concatenate(walkers)) == {3, 7}
        counts = count_matrix([(w == 7).astype(np.int16) for w in walkers], 2, 1)
        assert estimate(counts).transition_matrix[0, 1] == pytest.approx(0.05, rel=0.1)
        assert markov.expected_timescale == pytest.approx(T1, rel=0.15)
        assert markov.leak == pytest.approx(0, abs=1e-6)
        assert markov.validation_loss == pytest.approx(markov.markov_loss, rel=1e-6)
        assert markov.converged

    def test_a_network_says_how_its_fit_went(self, lstm):
        history = lstm.history
        assert history["tokens"].iloc[-1] >= TINY["tokens"]
        assert history["validation_loss"].min() == pytest.approx(lstm.validation_loss, rel=1e-6)
        assert lstm.validation_loss > lstm.markov_loss > 0

    def test_same_seed_same_bytes_and_the_users_random_state_is_kept(self, lstm, md):
        torch.manual_seed(5)
        wanted = torch.rand(3)
        torch.manual_seed(5)
        again = raremd.LSTM(hidden=4, embedding=4, seed=1, **TINY).fit(md, progress=False)
        assert torch.equal(torch.rand(3), wanted)
        one, other = (np.array(e.generate(4, 50, progress=False)) for e in (lstm, again))
        assert one.tobytes() == other.tobytes()
        assert (one != np.array(lstm.generate(4, 50, seed=9, progress=False))).any()

    def test_validation_may_be_given(self, md):
        fitted = raremd.Markov(window=20).fit(md[:1], validation=md[1:2], progress=False)
        other = raremd.Markov(window=20).fit(md[:1], validation=md[2], progress=False)
        assert fitted.validation_loss != other.validation_loss

    def test_typos_and_wrong_values_are_named(self):
        with pytest.raises(ConfigError, match=r"^LSTM: unknown key 'hiden'; did you mean 'hidden'"):
            raremd.LSTM(hiden=3)
        with pytest.raises(ConfigError, match=r"^LSTM\.tokens: 3 must be at least 1000"):
            raremd.LSTM(tokens=3)
        with pytest.raises(AttributeError, match="did you mean 'LSTM'"):
            _ = raremd.LTSM
        assert raremd.LSTM(hidden=np.int64(3)).options.hidden == 3

    @pytest.mark.parametrize("number", [0, 1.5])
    def test_frames_are_whole_numbers(self, md, number):
        markov = raremd.Markov(window=20).fit(md, progress=False)
        assert len(markov.generate(1, 1e2, progress=False)[0]) == 100
        with pytest.raises(ValueError, match=f"^n_frames: {number}: give a whole number"):
            markov.generate(1, number, progress=False)

    def test_attributes_wait_for_the_fit(self):
        with pytest.raises(RuntimeError, match=r"GRU\(hidden=3\) is not fitted; call fit"):
            _ = raremd.GRU(hidden=3).history


WRONG = {
    "negative": ([0, 1, -1], r"^dtrajs: frame 3: -1 is no state"),
    "not whole": (
        [np.array([0, 1]), np.array([0, 0.5])],
        r"^dtrajs\[1\]: frame 2: 0.5 is no state",
    ),
    "not finite": ([np.array([0, np.nan])], r"^dtrajs\[0\]: frame 2: nan is no state"),
    "text": (np.array(["a", "b"]), r"^dtrajs: text, not a real number; give each word a number"),
    "text in objects": (np.array(["a", "b"], object), r"^dtrajs: text, not a real number"),
    "names of files": (["a.npy", "b.npy"], r"^dtrajs: text, not a real number"),
    "bytes": (np.array([b"a", b"b"]), r"^dtrajs: text, not a real number"),
    "four dimensions": (
        np.zeros((2, 2, 2, 2)),
        r"^dtrajs: shape \(2, 2, 2, 2\) is not .* several; make",
    ),
    "no state": ([np.array([0, 1, -999])], r"^dtrajs\[0\]: frame 3: -999 is no state"),
    "a number for none": ([np.array([0, 1, 999])], r"^dtrajs: 999 is far from all other states"),
    "features": (np.zeros((9, 2)), r"^dtrajs: shape \(9, 2\) is no trajectory of states"),
    "nothing": ([], r"^dtrajs: no trajectory; give an array"),
    "nothing in one": ([np.arange(9), []], r"^dtrajs\[1\]: no trajectory; give an array"),
    "generator": ((np.arange(9) for _ in range(2)), r"^dtrajs: no trajectory; give an array"),
    "masked": ([np.ma.masked_equal([0, 1, 0], 0)], r"^dtrajs\[0\]: frames are masked; cut"),
    "-1 without a sign": (
        [np.array([0, 1, 255, 0], np.uint8)],
        r"^dtrajs\[0\]: frame 3: 255 is what -1 becomes in type uint8",
    ),
    "one state": ([np.zeros(50, int)], r"^dtrajs: every frame is in state 0"),
    "too short": ([np.arange(30) % 2] * 1, r"too short to be split"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_discrete_trajectory_is_refused(case):
    given, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        raremd.Markov().fit(given, progress=False)


def test_overlaps_and_short_trajectories_are_refused(md):
    with pytest.raises(
        ValueError,
        match=r"^validation\[0\]: frames 8 to 3000 are frames 1008 to 4000 of dtrajs\[1\]",
    ):
        raremd.Markov(window=20).fit(md[:2], validation=md[1][1000:], progress=False)
    for window, use, given in ((5000, "training", None), (300, "validation", md[1][:250])):
        said = rf"^window: no trajectory has more than {window} frames for {use} .* `window`$"
        with pytest.raises(ValueError, match=said):
            own = md if given is None else md[2:]
            raremd.Markov(window=window).fit(own, validation=given, progress=False)
    with pytest.raises(ValueError, match=r"trajectory 1 with 4000 .* choose a shorter `gap`$"):
        raremd.Markov(gap=3990).fit(md[:1], progress=False)


def test_shapes_that_are_taken(md):
    wanted = raremd.Markov(window=20).fit(md, progress=False).validation_loss
    for given in (np.array(md), [d.astype(float) for d in md], [d.tolist() for d in md], tuple(md)):
        assert raremd.Markov(window=20).fit(given, progress=False).validation_loss == wanted


class TestSaving:
    def test_a_file_gives_the_same_model(self, lstm, tmp_path):
        lstm.save(tmp_path / "lstm.safetensors")
        loaded = raremd.load(tmp_path / "lstm.safetensors")
        assert repr(loaded) == repr(lstm)
        assert loaded.history.equals(lstm.history)
        assert (loaded.leak, loaded.converged) == (lstm.leak, lstm.converged)
        one, other = (np.array(e.generate(4, 50, progress=False)) for e in (lstm, loaded))
        assert one.tobytes() == other.tobytes()

    def test_its_settings_are_json(self, lstm, tmp_path):
        lstm.save(tmp_path / "lstm.safetensors")
        with safe_open(tmp_path / "lstm.safetensors", "pt") as file:
            said = json.loads(file.metadata()["raremd"])
        assert said["kind"] == "lstm"
        assert said["options"] == {"hidden": 4, "embedding": 4, "seed": 1} | TINY

    def test_an_estimator_survives_pickle(self, lstm):
        assert type(pickle.loads(pickle.dumps(lstm))) is raremd.LSTM

    def test_other_files_are_refused(self, tmp_path):
        with pytest.raises(ValueError, match=r"none\.safetensors: there is no such file"):
            raremd.load(tmp_path / "none.safetensors")
        (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
        with pytest.raises(ValueError, match=r"bad\.safetensors: not a safetensors file"):
            raremd.load(tmp_path / "bad.safetensors")


HOW = {"lags": [1, 5, 15], "frame_interval": 0.5, "unit": "ps", "samples": 20}


@pytest.fixture(scope="module")
def compared(md):
    same = [np.array([7, 3])[sample_chain(two_state(0.05, 0.05), 6000, 90 + k)] for k in range(6)]
    fast = [np.array([7, 3])[sample_chain(two_state(0.2, 0.2), 6000, 80 + k)] for k in range(6)]
    return raremd.compare(md, {"same": same, "fast": fast, "pair": [same[:3], same[3:]]}, **HOW)


class TestCompare:
    def test_outcomes(self, compared):
        assert compared.outcomes["same"] == "reproduced"
        assert compared.outcomes["fast"] == "not reproduced"
        assert compared.text.startswith("- **same reproduces** the slow process of the MD (")
        assert "**fast does not reproduce** the MD: its t1 is a factor of" in repr(compared)

    def test_table(self, compared):
        t = compared.table
        t1 = t[(t["quantity"] == "timescale") & (t["i"] == 1) & (t["model"] == "fast")]
        assert t1["lag"].tolist() == [0.5, 2.5, 7.5]
        assert t1["value"].iloc[0] == pytest.approx(0.5 * -1 / np.log(0.6), rel=0.1)
        assert t1["md"].iloc[0] == pytest.approx(0.5 * T1, rel=0.2)
        resolved = t1[t1["value"] > t1["lag"]]
        assert (resolved["low"] < resolved["value"]).all()
        assert (resolved["value"] < resolved["high"]).all()
        assert t1["ratio"].to_numpy() == pytest.approx(t1["value"] / t1["md"], nan_ok=True)
        assert t1["verdict"].tolist() == ["not reproduced", "not reproduced", ""]
        population = t[(t["quantity"] == "population") & (t["model"] == "same")]
        assert population["i"].tolist() == [3, 7]
        assert population["value"].sum() == pytest.approx(1)

    def test_several_trainings_have_the_spread_between_them(self, compared):
        t = compared.table
        pair = t[(t["model"] == "pair") & (t["quantity"] == "timescale") & (t["i"] == 1)].iloc[0]
        assert pair["low"] < pair["value"] < pair["high"]

    def test_is_drawn_from_its_table(self, compared):
        left, right = compared.plot().axes
        assert "ps" in left.get_xlabel()
        assert [t.get_text() for t in right.get_xticklabels()] == ["3", "7"]

    def test_macrostates_by_label_by_state_and_by_number(self, md):
        # States 3 and 7, each split in two that exchange at once.
        rng = np.random.default_rng(0)
        fine = [10 * d + rng.integers(2, size=len(d)) for d in md]
        how = HOW | {"lags": [1, 5]}
        of = {30: 0, 31: 0, 70: 4, 71: 4}
        tables = [
            raremd.compare(fine, {"m": fine[:3]}, macrostates=given, **how).table
            for given in (of, list(of.values()), 2)
        ]
        slow = [t[t["quantity"] == "yardstick_timescale"] for t in tables]
        assert all(s["value"].equals(slow[0]["value"]) for s in slow[1:])
        assert set(tables[0].loc[tables[0]["quantity"] == "population", "i"]) == {0, 4}

    def test_a_model_that_stays_in_one_state_is_not_given_a_number(self, md):
        found = raremd.compare(md, {"still": [np.full(4000, 7)]}, **HOW)
        assert found.outcomes == {"still": "not reproduced"}
        assert found.text.startswith(
            "- **still does not reproduce** the MD: its t1 is a factor of >32"
        )

    def test_nothing_is_reproduced_where_the_md_leaves_doubts(self, md):
        apart = [md[0], md[1], md[2] + 1, md[3] + 1]
        found = raremd.compare(apart, {"m": [md[4]]}, **HOW)
        assert found.outcomes == {"m": "cannot tell"}
        assert "| t1 |" in found.text and "reproduced" not in found.text

    def test_a_single_lag_is_a_list_of_one(self, md):
        found = raremd.compare(md, {"m": md[:2]}, **HOW | {"lags": 5})
        assert set(found.table["lag"]) == {0.5, 2.5}

    def test_what_cannot_be_compared_is_refused(self, md):
        for generated, options, message in (
            ({"m": [md[0] + 1]}, {}, "^m: state 4 does not occur in the MD"),
            ({"m": [md[0][:9]]}, {}, "^m: no trajectory is longer than the longest lag, 15 frames"),
            ({"MD": md}, {}, "'MD' cannot be the name of a model"),
            ({"a|b": md}, {}, "'a|b' cannot be the name of a model"),
            ({"": md}, {}, "'' cannot be the name of a model"),
            ({"m": md}, {"unit": None}, "^unit: None: name the unit"),
            ({"m": md}, {"macrostates": [0]}, "^macrostates: 1 numbers for 2 states"),
            ({"m": md}, {"macrostates": {3: 0}}, "^macrostates: state 7 .* is not in it"),
            ({"m": md}, {"macrostates": [0, 1.5]}, "^macrostates: 1.5: macrostates are whole"),
            ({"m": md}, {"macrostates": ["a", "b"]}, "^macrostates: 'a': macrostates are whole"),
            ({"m": md}, {"macrostates": 1}, "^macrostates: 1: give a number from 2 up, or the"),
            ({"m": md}, {"macrostates": 2.0}, "^macrostates: 2.0: give a number from 2 up, or the"),
            ({"m": md}, {"macrostates": "pcca"}, "^macrostates: 'pcca': give a number from 2 up"),
            ({"m": md}, {"samples": -1}, "^samples: -1: give a whole number from 20 up"),
            ({"m": md}, {"samples": 20.5}, "^samples: 20.5: give a whole number from 20 up"),
            ({}, {}, "^generated: give the trajectories of each model by its name"),
            ({"m": md}, {"lags": [0.5]}, "^lags: 0.5: give whole numbers"),
            ({"m": md}, {"lags": [1, np.nan]}, "^lags: nan: give whole numbers"),
            ({"m": md}, {"frame_interval": "0.2 ps"}, "^frame_interval: 0.2 ps must be a number"),
            ({"m": md}, {"frame_interval": np.inf}, "^frame_interval: inf must be a number"),
            ({"m": []}, {}, "^m: no trajectory; give an array"),
            (md, {}, "^generated: give the trajectories of each model by its name"),
            ({1: md}, {}, "^generated: give the trajectories of each model by its name"),
        ):
            with pytest.raises(ValueError, match=message):
                raremd.compare(md, generated, **HOW | options)


class TestInspect:
    def test_md_that_can_tell(self, md):
        found = raremd.inspect(md, lag=5, **HOW)
        assert found.can_tell
        assert found.text.startswith("**Yes, this MD can tell: ")
        assert found.table.loc[found.table["i"] == 1, "lag"].tolist() == [0.5, 2.5, 7.5]
        assert found.assessment.slow[0].value == pytest.approx(0.5 * T1, rel=0.2)
        assert found.plot().axes

    def test_states_that_stay_apart_decide_nothing_though_they_are_lumped(self, md):
        rng = np.random.default_rng(0)
        fine = [10 * d + rng.integers(10, size=len(d)) for d in md]
        assert raremd.inspect(fine, lag=5, macrostates=2, **HOW).can_tell
        fine[1] += 100
        for macrostates in (2, None):
            found = raremd.inspect(fine, lag=5, macrostates=macrostates, **HOW)
            assert "20 % of the frames are not connected with the rest" in found.text

    def test_states_that_cannot_be_lumped_are_refused(self, md):
        fine = [np.random.default_rng(k).permutation(40) + 40 * k for k in range(4)]
        with pytest.raises(
            ValueError, match=r"^macrostates: PCCA\+ finds none at lag 30 \(.*`lag`$"
        ):
            raremd.inspect(fine, lag=30, lags=[1, 30], macrostates=2, samples=20)

    def test_few_events_decide_nothing_and_the_comparison_says_so(self, md):
        short = [d[:200] for d in md[:3]]
        found = raremd.inspect(short, lag=5, **HOW)
        assert not found.can_tell
        assert found.text.startswith("**Not yet: ")
        beside = raremd.compare(short, {"m": md}, lag=5, **HOW)
        assert beside.outcomes == {"m": "cannot tell"}
        assert beside.assessment.doubts == found.assessment.doubts
        assert beside.text.startswith("Cannot tell: ")

    def test_md_faster_than_the_lag_is_compared_without_an_answer(self, md):
        beside = raremd.compare([d[::40] for d in md], {"m": md}, **HOW)
        assert beside.text.startswith("Cannot tell: no process of the MD is slower than")


ADVICE = {
    "lag": (lambda md: md, {"lag": 15, "lags": [1, 5, 15]}, "Set `lag` to 1 frame."),
    "lags": (
        lambda md: md,
        {"lag": 3, "lags": [1, 3, 4]},
        "Add a lag of 9 frames or more to `lags`.",
    ),
    "shorter lags": (
        lambda md: [d[::2] for d in md],
        {"lag": 15, "lags": [10, 15, 45]},
        "Add lags of 1 frame or less to `lags`, or save frames more often.",
    ),
    "no shorter lag": (
        lambda md: [d[::40] for d in md],
        {"lag": 5, "lags": [1, 5, 15]},
        "Save frames more often.",
    ),
    "blocks": (
        lambda md: [d[:60] for d in md],
        {"lag": 5, "lags": [1, 5, 15, 29]},
        "Record more MD, or leave long lags out of `lags`.",
    ),
}


class TestAdvice:
    @pytest.mark.parametrize("name", ADVICE)
    @pytest.mark.parametrize("unit", [{}, {"frame_interval": 0.5, "unit": "ps"}])
    def test_advice_names_arguments_in_their_units(self, md, name, unit):
        change, how, advice = ADVICE[name]
        found = raremd.inspect(change(md), samples=20, **how, **unit)
        beside = raremd.compare(change(md), {"m": change(md)}, samples=20, **how, **unit)
        for text in (found.text, beside.text):
            assert advice in text, text
            assert not any(word in text for word in ("yardstick", "`block`"))

    def test_a_lag_at_which_it_has_converged_is_given_in_frames(self):
        rng = np.random.default_rng(1)
        noisy = [sample_chain(two_state(0.002, 0.002), 40_000, k) for k in range(4)]
        noisy = [np.where(rng.random(len(d)) < 0.02, 1 - d, d) for d in noisy]
        how = {"lags": [1, 3, 10, 30, 60, 120], "frame_interval": 0.5, "unit": "ps", "samples": 40}
        found = raremd.inspect(noisy, lag=1, **how)
        (lag,) = re.findall(r"Set `lag` to (\d+) frames\.", found.text)
        assert "`lag`" not in raremd.inspect(noisy, lag=int(lag), **how).text


class Uniform(raremd.SequenceModel):
    """Every state is as likely as any other, whatever came before."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.register_buffer("logits_of_all", torch.zeros(n_states))

    def initial_state(self, prompt):
        return None

    def step(self, tokens, state):
        return self.logits_of_all.expand(len(tokens), -1), state
