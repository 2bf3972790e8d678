import re
from copy import deepcopy
from hashlib import sha256
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from raremd.io.provenance import ROOT
from raremd.study.cell import Cell
from raremd.study.load import check_files, embedded_files, load_study
from raremd.study.settings.messages import ConfigError, check_keys, exact, whole_multiple
from raremd.study.settings.models import KINDS
from raremd.study.settings.sections import Section
from raremd.study.settings.study import Settings, read_settings
from raremd.study.settings.systems import Levels

TOY = """
models:
  markov: {}
  lstm: {settings: {hidden: 16}}
  lstm_twice: {kind: lstm, control_of: lstm, budget: 2, settings: {hidden: 16}}
systems:
  toy:
    source: {kind: four_state, walkers: 8, time: 40000, reference_walkers: 8, reference_time: 8000}
    frame_interval: 0.5
    time_unit: tau
    coordinates:
      x: {features: [x]}
      xy: {features: [x, y]}
      slow: {tica_dimension: 2, tica_lag: 5}
    partitions:
      fine: {method: kmeans, n_states: 10}
      lumped: {method: pcca, microstates: fine, n_states: 4, lag: 50}
      coarse: {method: nearest_center, centers: [[2, -1], [0.5, 2]]}
      cored: {of: coarse, recrossing: dynamical_coring, tau_c: 10}
    base: {coordinate: xy, interval: 5, partition: coarse}
    sweeps:
      - {coordinate: [x], partition: [fine, coarse]}
      - {partition: [cored], models: [lstm]}
      - {models: [lstm_twice]}
    lags: [5, 10, 50, 100]
    yardstick: {coordinate: xy, partition: coarse, lag: 50}
    generation: {walkers: 16, time: 2000}
    claims:
      C1: {easy: {}}
      C5: {hard: {}, easy: {partition: cored}}
"""


def toy(**at):
    """The toy study with values replaced: `toy(**{"systems.toy.lags": [5]})`; None deletes."""
    config = yaml.safe_load(TOY)
    for path, value in at.items():
        *parents, key = path.split(".")
        place = config
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            del place[key]
        else:
            place[key] = value
    return config


def in_toy(**at):
    return toy(**{f"systems.toy.{path.replace('__', '.')}": value for path, value in at.items()})


@pytest.mark.parametrize(
    "name", ["config.yaml", "config/smoke.yaml", "config/protein.yaml", "config/desres.yaml"]
)
class TestOwnStudies:
    def test_load(self, name):
        study = load_study(yaml.safe_load((ROOT / name).read_text()))
        assert len(study.cells) >= 3
        for cell, models in study.cells.items():
            assert models
            assert study.lags(cell)[0] == 1
            yardstick = study.system(cell.system).yardstick.lag / cell.interval
            assert round(yardstick) in study.lags(cell)
        assert any(system.claims.contrasts() for system in study.settings.systems.values())

    def test_settings_written_out_are_the_same_settings(self, name):
        once = read_settings(yaml.safe_load((ROOT / name).read_text()))
        assert read_settings(once.model_dump(mode="json", exclude_none=True)) == once


def sections(cls):
    """A section and all below it."""
    waiting, found = [cls], set()
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, Section):
            if annotation not in found:
                found.add(annotation)
                waiting += [field.annotation for field in annotation.model_fields.values()]
        else:
            waiting += get_args(annotation)
    return found


class TestSettings:
    everything = sections(Settings) | {kind.settings for kind in KINDS.values()}

    def test_every_key_is_described(self):
        fields = [f for section in self.everything for f in section.model_fields.items()]
        assert len(fields) > 100
        for name, field in fields:
            if name not in ("kind", "method", "recrossing"):
                assert len(field.description or "") > 6, name

    def test_every_section_refuses_unknown_keys(self):
        assert all(section.model_config["extra"] == "forbid" for section in self.everything)

    def test_defaults_are_filled_in_and_the_argument_is_left_alone(self):
        config = toy()
        before = deepcopy(config)
        filled = read_settings(config)
        assert config == before
        assert filled.training.window == 100
        assert (filled.models["markov"].settings, filled.models["markov"].budget) == ({}, 1)
        assert filled.systems["toy"].timescales == 3
        assert read_settings(toy(training={"window": 30})).training.window == 30


class TestNumbers:
    @pytest.mark.parametrize(
        ("number", "text"),
        [(5, "5"), (5.0, "5"), (0.2, "0.2"), (1234567, "1234567"), (0.3333333333, "0.3333333333")],
    )
    def test_are_written_in_full(self, number, text):
        assert exact(number) == text

    @given(st.floats(min_value=1e-9, max_value=1e15))
    def test_a_path_names_its_cell(self, interval):
        cell = Cell("toy", "x", interval, "fine")
        assert Cell.parse(*cell.parts) == cell
        assert re.fullmatch(r"toy/x/dt_[0-9.e+-]+/fine", cell.folder)

    def test_a_message_shows_all_digits(self):
        with pytest.raises(ConfigError, match=r"key: 1234567\.5 is not a whole .* 0\.3333333333$"):
            whole_multiple(1234567.5, 0.3333333333, "key")

    def test_a_long_time_must_fit_too(self):
        assert whole_multiple(1234567.2, 0.2, "key") == 6172836
        with pytest.raises(ConfigError, match=r"1234567\.3 is not a whole multiple"):
            whole_multiple(1234567.3, 0.2, "key")


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
    "time of the source": (in_toy(source__time=99.7), ["systems.toy.source.time: 99.7"]),
    "time of generation": (in_toy(generation__time=1999), ["systems.toy.generation.time"]),
    "generation shorter than a lag": (
        in_toy(generation__time=100),
        ["systems.toy.generation.time: 100", "100"],
    ),
    "block shorter than a lag": (in_toy(block=100), ["systems.toy.block: 100", "100"]),
    "window longer than the source": (
        toy(training={"window": 8000}),
        ["training.window: 8000 frames at interval 5", "systems.toy.source.time, 40000"],
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


class TestCells:
    def cells(self, **at):
        return load_study(in_toy(**at)).cells

    def test_expansion(self):
        assert self.cells() == {
            Cell("toy", "x", 5, "coarse"): ("markov", "lstm"),
            Cell("toy", "x", 5, "fine"): ("markov", "lstm"),
            Cell("toy", "xy", 5, "coarse"): ("markov", "lstm", "lstm_twice"),
            Cell("toy", "xy", 5, "cored"): ("lstm",),
        }
        assert next(iter(self.cells())).folder == "toy/x/dt_5/coarse"

    def test_only_the_base_without_sweeps(self):
        assert self.cells(sweeps=[], claims={}) == {
            Cell("toy", "xy", 5, "coarse"): ("markov", "lstm")
        }

    def test_all_combinations_within_a_sweep_and_none_between(self):
        crossed = self.cells(sweeps=[{"coordinate": ["x", "slow"], "interval": [5, 10]}], claims={})
        assert len(crossed) == 1 + 4
        single = self.cells(sweeps=[{"coordinate": ["x", "slow"]}, {"interval": [10]}], claims={})
        assert len(single) == 1 + 2 + 1
        assert Cell("toy", "x", 10, "coarse") not in single

    def test_sweeps_share_cells(self):
        twice = [{"interval": [5, 10]}, {"interval": [10, 50], "models": ["lstm_twice"]}]
        cells = self.cells(sweeps=twice, claims={})
        assert cells == {
            Cell("toy", "xy", 10, "coarse"): ("markov", "lstm", "lstm_twice"),
            Cell("toy", "xy", 5, "coarse"): ("markov", "lstm"),
            Cell("toy", "xy", 50, "coarse"): ("lstm_twice",),
        }

    def test_a_level_more_adds_only_new_cells(self):
        before = self.cells()
        after = self.cells(
            sweeps=[*toy()["systems"]["toy"]["sweeps"], {"interval": [5, 10], "coordinate": ["x"]}]
        )
        assert set(after) - set(before) == {Cell("toy", "x", 10, "coarse")}
        assert {cell: after[cell] for cell in before} == before

    def test_controls_run_only_where_named(self):
        assert not any(
            "lstm_twice" in models
            for models in self.cells(sweeps=[{"coordinate": ["x"]}], claims={}).values()
        )

    def test_whole_numbers_and_floats_are_one_level(self):
        assert self.cells(sweeps=[{"interval": [5.0, 5]}], claims={}).keys() == {
            Cell("toy", "xy", 5, "coarse")
        }

    def test_order_does_not_depend_on_that_of_sweeps(self):
        sweeps = toy()["systems"]["toy"]["sweeps"]
        assert list(self.cells(sweeps=sweeps[::-1]).items()) == list(self.cells().items())


class TestStudy:
    study = load_study(toy())
    base = Cell("toy", "xy", 5, "coarse")
    cored = Cell("toy", "xy", 5, "cored")

    def test_factors(self):
        assert self.study.base("toy") == self.base
        assert self.study.cell("toy", Levels(partition="cored")) == self.cored
        assert self.study.stride(self.base) == 10
        assert vars(self.study.factors_of(self.base)) == {
            "cell": self.base,
            "recrossing": "none",
            "tau_c": 0,
        }
        assert self.study.factors_of(self.cored).columns() == {
            "system": "toy",
            "coordinate": "xy",
            "interval": 5,
            "partition": "cored",
            "recrossing": "dynamical_coring",
            "tau_c": 10,
        }
        assert self.study.states_name("toy", "cored") == "coarse"
        assert self.study.states_name("toy", "fine") == "fine"

    def test_states_with_cores_are_a_file_of_their_own(self):
        cores = {"of": "coarse", "recrossing": "core_sets", "core_fraction": 0.5}
        study = load_study(in_toy(partitions__cored=cores))
        assert study.states_name("toy", "cored") == "cored"
        assert study.states_of("toy", "cored") == study.partition("toy", "coarse")
        factors = study.factors_of(self.cored)
        assert (factors.recrossing, factors.tau_c) == ("core_sets", 0)

    def test_lumped_states_are_known_with_their_microstates(self):
        lumped = self.study.states_of("toy", "lumped")
        assert self.study.microstates_of("toy", lumped) == self.study.partition("toy", "fine")
        assert self.study.microstates_of("toy", self.study.states_of("toy", "fine")) is None

    @pytest.mark.parametrize(
        ("interval", "lags", "wanted"),
        [
            (5, [5, 10, 50, 100], [1, 2, 10, 20]),
            (10, [5, 10, 50, 100], [1, 5, 10]),
            (2, [5, 10, 50], [1, 5, 25]),
            (2.5, [5, 50], [1, 2, 20]),
        ],
    )
    def test_lags_are_the_multiples_of_the_interval(self, interval, lags, wanted):
        study = load_study(in_toy(base__interval=interval, lags=lags, sweeps=[], claims={}))
        assert study.lags(next(iter(study.cells))) == wanted

    def test_models(self):
        assert self.study.networks() == ["lstm"]
        assert self.study.controls() == {"lstm_twice": "lstm"}
        assert self.study.varied() == {"lstm_twice": "budget"}
        assert self.study.with_controls() == ["markov", "lstm", "lstm_twice"]

    def test_table_has_a_row_for_each_cell_and_model(self):
        table = self.study.table()
        assert len(table) == sum(map(len, self.study.cells.values())) == 8
        assert list(table) == [
            "system",
            "coordinate",
            "interval",
            "partition",
            "recrossing",
            "tau_c",
            "model",
        ]
        assert not table.duplicated().any()


class TestWholeMultiple:
    @given(n=st.integers(1, 10**6), interval=st.floats(1e-6, 1e6))
    def test_multiples_are_recognised_in_spite_of_rounding(self, n, interval):
        assert whole_multiple(n * interval, interval, "key") == n

    @given(n=st.integers(0, 1000), part=st.floats(0.01, 0.99), interval=st.floats(1e-3, 1e3))
    def test_anything_between_is_refused(self, n, part, interval):
        with pytest.raises(ConfigError, match=r"^a\.b: .* is not a whole multiple"):
            whole_multiple((n + part) * interval, interval, "a.b")

    def test_zero_is_refused(self):
        with pytest.raises(ConfigError, match="key: 0 is not"):
            whole_multiple(0, 1, "key")


class TestKeys:
    def test_own_studies_have_each_key_once(self):
        for path in (ROOT / "config.yaml", *(ROOT / "config").glob("*.yaml")):
            check_keys(path)

    @pytest.mark.parametrize(
        ("text", "line"),
        [("a: 1\nb: {c: 1}\na: 2\n", 3), ("a:\n  - {b: 1}\n  - c: 1\n    c: 1\n", 4)],
    )
    def test_a_key_that_is_there_twice(self, tmp_path, text, line):
        path = tmp_path / "study.yaml"
        path.write_text(text)
        with pytest.raises(ConfigError, match=f"yaml: line {line}: key '[ac]' is there twice"):
            check_keys(path)

    def test_the_same_key_in_two_places(self, tmp_path):
        path = tmp_path / "study.yaml"
        path.write_bytes(b"\xef\xbb\xbfa: &x {b: 1}\r\nb: {<<: *x, c: [{b: 1}, {b: 1}]}\r\n")
        check_keys(path)
        path.write_text("")
        check_keys(path)


class TestFiles:
    @pytest.fixture
    def root(self, tmp_path):
        folder = tmp_path / "resources" / "peptide"
        folder.mkdir(parents=True)
        lines = []
        for name in ("trajectory_b.h5", "trajectory_a.h5"):
            (folder / name).write_text(name)
            lines.append(f"{sha256(name.encode()).hexdigest()}  {name}\n")
        (folder / "SHA256SUMS").write_text("".join(lines))
        return tmp_path

    def study(self, **changes):
        source = {
            "kind": "embedded",
            "files": "resources/peptide/trajectory_*.h5",
            "checksums": "resources/peptide/SHA256SUMS",
        }
        return load_study(in_toy(source=source | changes))

    def test_good(self, root):
        check_files(self.study(), root)
        check_files(load_study(toy()), root)
        found = embedded_files(self.study().system("toy").source, root)
        assert [f.name for f in found] == ["trajectory_a.h5", "trajectory_b.h5"]

    def test_no_file(self, root):
        with pytest.raises(ConfigError, match=r"^systems\.toy\.source\.files: no file .*nothing_"):
            check_files(self.study(files="resources/peptide/nothing_*.h5"), root)

    def test_no_list(self, root):
        with pytest.raises(ConfigError, match=r"^systems\.toy\.source\.checksums: no file SUMS"):
            check_files(self.study(checksums="SUMS"), root)

    @pytest.mark.parametrize("content", ["changed", ""])
    def test_changed_file(self, root, content):
        (root / "resources/peptide/trajectory_b.h5").write_text(content)
        with pytest.raises(ConfigError) as error:
            check_files(self.study(), root)
        assert re.match(r"resources/peptide/trajectory_b\.h5: checksum .*restore", str(error.value))

    def test_file_that_is_not_listed(self, root):
        (root / "resources/peptide/trajectory_c.h5").write_text("new")
        with pytest.raises(ConfigError, match=r"trajectory_c\.h5: checksum"):
            check_files(self.study(), root)
