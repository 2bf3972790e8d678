import re
from copy import deepcopy
from hashlib import sha256
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from toy_study import in_toy, toy

from raremd.io.provenance import ROOT
from raremd.study.cell import Cell
from raremd.study.load import check_files, embedded_files, load_study
from raremd.study.settings.messages import ConfigError, check_keys, exact, whole_multiple
from raremd.study.settings.models import KINDS
from raremd.study.settings.sections import Section
from raremd.study.settings.study import Settings, read_settings
from raremd.study.settings.systems import Levels


@pytest.mark.parametrize(
    "name",
    ["config.yaml", *(f"config/{n}.yaml" for n in ("smoke", "tutorial", "protein", "desres"))],
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
        assert filled.training.window == 64
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

    def test_only_the_base_without_sweeps_and_there_the_controls(self):
        assert self.cells(sweeps=[], claims={}) == {
            Cell("toy", "xy", 5, "coarse"): ("markov", "lstm", "lstm_twice")
        }

    def test_a_study_without_models_has_the_corrected_network_in_its_base(self):
        config = in_toy(sweeps=[{"coordinate": ["x"]}], claims={})
        del config["models"]
        cells = load_study(config).cells
        assert cells[Cell("toy", "x", 5, "coarse")] == ("markov", "lstm", "transformer")
        assert cells[Cell("toy", "xy", 5, "coarse")][-1] == "lstm_corrected"

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

    def test_controls_that_a_sweep_names_run_only_there(self):
        sweep = {"coordinate": ["x"], "models": ["lstm_twice"]}
        found = self.cells(sweeps=[sweep], claims={})
        (cell,) = [cell for cell, models in found.items() if "lstm_twice" in models]
        assert cell.coordinate == "x"

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

    @pytest.mark.parametrize("kind", ["markov", "ngram", "hmm", "two_level"])
    def test_what_has_no_network_is_no_network(self, kind):
        toy = in_toy()
        toy["models"] |= {"other": {"kind": kind}}
        assert load_study(toy).networks() == ["lstm"]

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
        with pytest.raises(ConfigError, match=f"yaml: line {line}: key '[ac]' appears twice"):
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
