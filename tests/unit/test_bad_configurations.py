"""Flawed configurations, and what the one line about each must say."""

from __future__ import annotations

import pytest
from toy_study import in_toy, toy

from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError

# What is wrong -> what the one line must contain.
BAD = {
    "typo of a top key": (toy(replicats=2), ["unknown key 'replicats'", "'replicates'"]),
    "typo in training": (
        toy(**{"training.learning_rat": 1}),
        ["training: unknown key 'learning_rat'", "'learning_rate'"],
    ),
    "typo in a model": (
        toy(**{"models.lstm.setings": {}}),
        ["models.lstm: unknown key 'setings'", "did you mean 'settings'"],
    ),
    "typo in a system": (
        in_toy(partition={}),
        ["systems.toy: unknown key 'partition'", "did you mean 'partitions'"],
    ),
    "typo in a partition": (
        in_toy(partitions__fine={"method": "kmeans", "n_state": 5}),
        ["systems.toy.partitions.fine: unknown key 'n_state'", "did you mean 'n_states'"],
    ),
    "typo in a sweep": (
        in_toy(sweeps=[{"model": ["lstm"]}]),
        ["systems.toy.sweeps.0: unknown key 'model'", "did you mean 'models'"],
    ),
    "typo in the source": (
        in_toy(source__wakers=4),
        ["systems.toy.source: unknown key 'wakers'", "did you mean 'walkers'"],
    ),
    "typo in a claim": (
        in_toy(claims__C1={"eazy": {}}),
        ["systems.toy.claims.C1", "'eazy'", "did you mean 'easy'"],
    ),
    "unknown claim": (in_toy(claims__C6={"easy": {}}), ["systems.toy.claims", "'C6'", "C5"]),
    "key that is not text": ({**toy(), 3: {}}, ["configuration: unknown key '3'"]),
    "missing systems": (toy(systems=None), ["configuration: key 'systems' is missing"]),
    "missing key of a system": (
        in_toy(time_unit=None),
        ["systems.toy: key 'time_unit' is missing"],
    ),
    "missing key of the source": (
        in_toy(source__walkers=None),
        ["systems.toy.source: key 'walkers' is missing"],
    ),
    "no kind of source": (in_toy(source__kind=None), ["systems.toy.source", "'kind' is missing"]),
    "kind of source": (
        in_toy(source__kind="fourstate"),
        ["systems.toy.source.kind: 'fourstate'", "did you mean 'four_state'"],
    ),
    "half a reference": (
        in_toy(source__reference_time=None),
        ["systems.toy.source", "reference_time", "reference_walkers"],
    ),
    "wrong type": (toy(seed="x"), ["seed: 'x' is not a whole number"]),
    "no systems": (toy(systems={}), ["systems"]),
    "empty file": (None, ["configuration"]),
    "not a mapping": (toy(**{"models.lstm": 3}), ["models.lstm"]),
    "out of range": (
        toy(**{"training.validation_fraction": 0.9}),
        ["training.validation_fraction", "0.9"],
    ),
    "device": (toy(device="gpuu"), ["device: 'gpuu' is not one of", "cpu"]),
    "device, nearly": (toy(device="cud"), ["did you mean 'cuda'"]),
    "time unit": (in_toy(time_unit="nsec"), ["systems.toy.time_unit", "did you mean 'ns'"]),
    "absolute results folder": (toy(results="/tmp/x"), ["results", "/tmp/x"]),
    "reserved name of a model": (toy(**{"models.md": {}}), ["models: 'md' cannot be used"]),
    "capitals in a name": (
        toy(systems={"Toy": toy()["systems"]["toy"]}),
        ["systems: 'Toy' cannot be used as a name"],
    ),
    "method of a partition": (
        in_toy(partitions__fine={"method": "kmean", "n_states": 5}),
        ["systems.toy.partitions.fine.method", "did you mean 'kmeans'"],
    ),
    "method and removal": (
        in_toy(partitions__cored__method="kmeans"),
        ["systems.toy.partitions.cored", "method", "of"],
    ),
    "removal without its time": (
        in_toy(partitions__cored__tau_c=None),
        ["systems.toy.partitions.cored: recrossing 'dynamical_coring' needs 'tau_c'"],
    ),
    "cores without their share": (
        in_toy(partitions__cored__recrossing="core_sets", partitions__cored__tau_c=None),
        ["systems.toy.partitions.cored: recrossing 'core_sets' needs 'core_fraction'"],
    ),
    "cores with a time": (
        in_toy(partitions__cored__recrossing="core_sets", partitions__cored__core_fraction=0.5),
        ["systems.toy.partitions.cored: unknown key 'tau_c'", "'core_fraction'"],
    ),
    "window of a model longer than the trajectories": (
        toy(**{"systems.toy.source.time": 4000, "models.lstm.window": 900}),
        ["training.window: 900 frames at interval 5"],
    ),
    "nothing in a partition": (
        in_toy(partitions__cored={}),
        ["systems.toy.partitions.cored: key 'method' is missing"],
    ),
    "method needs more": (
        in_toy(partitions__fine={"method": "kmeans"}),
        ["systems.toy.partitions.fine", "'kmeans' needs 'n_states'"],
    ),
    "method needs less": (
        in_toy(partitions__fine__bins=4),
        ["systems.toy.partitions.fine: unknown key 'bins'", "(valid: ['method', 'n_states'])"],
    ),
    "removal from itself": (
        in_toy(partitions__cored__of="cored"),
        ["systems.toy.partitions.cored.of: 'cored' is no other partition"],
    ),
    "removal from nothing": (
        in_toy(partitions__cored__of="corse"),
        ["systems.toy.partitions.cored.of: 'corse'", "did you mean 'coarse'"],
    ),
    "removal of a removal": (
        in_toy(partitions__twice={"of": "cored", "recrossing": "minimum_dwell", "tau_c": 10}),
        ["systems.toy.partitions.twice.of", "'cored' has no method"],
    ),
    "lumping of a lumping": (
        in_toy(
            partitions__again={"method": "pcca", "microstates": "lumped", "n_states": 2, "lag": 5}
        ),
        ["systems.toy.partitions.again.microstates", "lumped again"],
    ),
    "time of a removal and frames": (
        in_toy(partitions__cored__tau_c=5.2),
        ["systems.toy.partitions.cored.tau_c: 5.2 is not a whole multiple"],
    ),
    "time of a removal and interval": (
        in_toy(partitions__cored__tau_c=7.5),
        ["systems.toy.partitions.cored.tau_c at interval 5"],
    ),
    "lag of a lumping": (
        in_toy(partitions__lumped__lag=0.7),
        ["systems.toy.partitions.lumped.lag: 0.7"],
    ),
    "TICA without lag": (
        in_toy(coordinates__slow__tica_lag=None),
        ["systems.toy.coordinates.slow", "tica_lag"],
    ),
    "lag of TICA": (
        in_toy(coordinates__slow__tica_lag=1.3),
        ["systems.toy.coordinates.slow.tica_lag: 1.3"],
    ),
    "interval": (
        in_toy(base__interval=1.25),
        ["systems.toy.interval: 1.25 is not a whole multiple of the interval 0.5"],
    ),
    "interval below the frames": (in_toy(base__interval=0.25), ["systems.toy.interval: 0.25"]),
    "lag": (in_toy(lags=[5, 10.2, 50]), ["systems.toy.lags.1: 10.2"]),
    "lag of the yardstick": (
        in_toy(yardstick__lag=20),
        ["systems.toy.yardstick.lag: 20 is not one of systems.toy.lags"],
    ),
    "yardstick and interval": (
        in_toy(sweeps=[{"interval": [20]}]),
        ["systems.toy.yardstick.lag at interval 20: 50"],
    ),
    "yardstick that is a removal": (
        in_toy(yardstick__partition="cored"),
        ["systems.toy.yardstick.partition", "method"],
    ),
    "partition of the yardstick": (
        in_toy(yardstick__partition="corse"),
        ["systems.toy.yardstick.partition: 'corse'", "did you mean 'coarse'"],
    ),
    "coordinate of the base": (
        in_toy(base__coordinate="xz"),
        ["systems.toy.base.coordinate: 'xz'", "did you mean 'x'"],
    ),
    "partition of a sweep": (
        in_toy(sweeps=[{"partition": ["fine", "fein"]}]),
        ["systems.toy.sweeps.0.partition: 'fein'", "did you mean 'fine'"],
    ),
    "model of a sweep": (
        in_toy(sweeps=[{"models": ["lsmt"]}]),
        ["systems.toy.sweeps.0.models: 'lsmt'", "did you mean 'lstm'"],
    ),
    "control of nothing": (
        toy(**{"models.lstm_twice.control_of": "lsmt"}),
        ["models.lstm_twice.control_of: 'lsmt'", "did you mean 'lstm'"],
    ),
    "kind of a model": (
        toy(**{"models.lstm.kind": "lsmt"}),
        ["models.lstm.kind: 'lsmt'", "did you mean 'lstm'"],
    ),
    "name of a model without kind": (
        toy(**{"models.lstm_wide": {}}),
        ["models.lstm_wide", "kind", "lstm"],
    ),
    "option of a model that is text": (
        toy(**{"models.lstm.settings": {"hidden": "wide"}}),
        ["models.lstm.settings.hidden: 'wide' is not a whole number"],
    ),
    "option of a model that is a number": (
        toy(**{"models.lstm.settings": {"prior": 2}}),
        ["models.lstm.settings.prior: '2' is not one of", "'markov_free'"],
    ),
    "option of a model below one": (
        toy(**{"models.lstm.settings": {"hidden": 0}}),
        ["models.lstm.settings.hidden: 0 must be at least 1"],
    ),
    "text that was meant as a number": (
        toy(**{"training.learning_rate": "1e-3"}),
        ["training.learning_rate: '1e-3'", "write 0.001"],
    ),
    "option of a model": (
        toy(**{"models.lstm.settings": {"hiden": 16}}),
        ["models.lstm.settings: unknown key 'hiden'", "did you mean 'hidden'"],
    ),
    "claim without a sweep": (
        in_toy(claims__C5={"hard": {}, "easy": {"partition": "fine"}}),
        ["systems.toy.claims.C5.easy", "no sweep makes the cell toy/xy/dt_5/fine"],
    ),
    "level of a claim": (
        in_toy(claims__C5={"hard": {}, "easy": {"partition": "cord"}}),
        ["systems.toy.claims.C5.easy.partition: 'cord'", "did you mean 'cored'"],
    ),
    "claim of a cell against itself": (
        in_toy(claims__C3={"hard": {}, "easy": {}}),
        ["systems.toy.claims.C3: hard and easy have the same interval, 5", "give two"],
    ),
    "claim on the dimension of one coordinate": (
        in_toy(claims__C2={"hard": {}, "easy": {"partition": "cored"}}),
        ["systems.toy.claims.C2: hard and easy have the same coordinate, xy"],
    ),
    "claim that a shorter interval helps": (
        in_toy(claims__C3={"hard": {"interval": 10}, "easy": {}}, sweeps=[{"interval": [10]}]),
        ["systems.toy.claims.C3", "5, that of easy, is shorter than 10, that of hard; swap them"],
    ),
    "claim that recrossings help": (
        in_toy(claims__C5={"hard": {"partition": "cored"}, "easy": {}}),
        ["systems.toy.claims.C5", "let easy have a partition that removes them"],
    ),
    "kind of model under the name of another": (
        toy(**{"models.lstm.kind": "gru"}),
        ["models.lstm.kind", "this is a gru; give the model another name"],
    ),
    "patience that ends with the first evaluation": (
        toy(**{"training.patience_tokens": 2000, "training.evaluate_tokens": 4000}),
        ["training: patience_tokens: 2000 are fewer than evaluate_tokens, 4000"],
    ),
    "time of the source": (in_toy(source__time=99.7), ["systems.toy.source.time: 99.7"]),
    "time of generation": (in_toy(generation__time=1999), ["systems.toy.generation.time"]),
    "limit of generation": (
        in_toy(generation__limit=1000),
        ["systems.toy.generation.limit: 1000", "systems.toy.generation.time, 2000"],
    ),
    "generation shorter than a lag": (
        in_toy(generation__time=100),
        ["systems.toy.generation.time: 100", "100"],
    ),
    "block shorter than a lag": (in_toy(block=100), ["systems.toy.block: 100", "100"]),
    "window longer than the source": (
        toy(training={"window": 8000}),
        ["training.window: 8000 frames at interval 5", "systems.toy.source.time, 40000"],
    ),
    "cores without a prior": (
        toy(**{"models.lstm.settings": {"cores": 6}}),
        ["models.lstm.settings", "cores: ", "give match_seen_jumps: true or a prior"],
    ),
    "order without a prior": (
        toy(**{"models.lstm.settings": {"order": 2, "prior": "none"}}),
        ["models.lstm.settings", "order: ", "give match_seen_jumps: true or a prior"],
    ),
    "heads that do not divide the width": (
        toy(**{"models.transformer": {"settings": {"width": 32, "heads": 3}}}),
        ["models.transformer.settings", "heads: width 32 is not a multiple of 2 x heads (6)"],
    ),
    "two passes of what is not trained": (
        toy(**{"models.markov.two_pass": 0.5}),
        ["models.markov.two_pass: 'markov' is estimated at once"],
    ),
    "stratified windows of what is not trained": (
        toy(**{"models.count": {"kind": "ngram", "slow_share": 0.5}}),
        ["models.count.slow_share: 'ngram' is estimated at once"],
    ),
    "two passes without logits": (
        toy(**{"models.persistence": {"two_pass": 0.5}}),
        ["models.persistence.two_pass: 'persistence' cannot take it", "logits()"],
    ),
    "stratified windows of tokens that are no states": (
        toy(**{"models.held": {"kind": "persistence", "slow_share": 0.5}}),
        ["models.held.slow_share: 'persistence' cannot take it", "tokens are not states"],
    ),
    "control of itself": (
        toy(**{"models.lstm.control_of": "lstm"}),
        ["models.lstm.control_of: 'lstm' is a control of itself"],
    ),
    "controls of each other": (
        toy(**{"models.lstm.control_of": "lstm_twice"}),
        ["models.lstm.control_of: 'lstm' is varied by 'lstm_twice' in turn"],
    ),
    "source shorter than a lag": (in_toy(source__time=80), ["systems.toy.source.time: 80", "100"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_configurations(name):
    config, words = BAD[name]
    with pytest.raises(ConfigError) as error:
        load_study(config)
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_toy_study_is_good():
    assert load_study(toy())


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "transformer", "two_pass": 0.5, "slow_share": 0.5},
        {"kind": "gru", "two_pass": 0.5, "slow_share": 0.5},
        {"kind": "lstm", "two_pass": 0.5, "slow_share": 0.5},
        {"kind": "persistence", "two_pass": 0, "slow_share": 0},
        {"kind": "markov", "two_pass": 0.0},
        {"kind": "lstm", "settings": {"cores": 0, "order": 1}},
        {"kind": "lstm", "settings": {"cores": 2, "order": 2, "match_seen_jumps": True}},
        {"kind": "ngram", "settings": {"cores": 2, "order": 3, "prior": "none"}},
        {"kind": "lstm", "control_of": "lstm_twice"},
    ],
)
def test_what_a_model_can_take_is_not_refused(model):
    assert "own" in load_study(toy(**{"models.own": model})).settings.models
