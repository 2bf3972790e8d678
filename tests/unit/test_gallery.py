"""The table of figures, and the gallery: a figure of each kind, with the report's own caption."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from raremd.analysis.levels import factor_levels, grid_levels, recrossing_cells
from raremd.report.figures.catalogue import KINDS, PER_SYSTEM, figures, shown_in_gallery
from raremd.report.figures.style import Look
from raremd.report.pages import gallery
from raremd.report.pages.captions import caption
from raremd.study.load import load_study

ROOT = Path(gallery.__file__).parents[4]
REPORT = ROOT / "workflow/report"
SHOWN = [name for name, kind in KINDS.items() if kind.hint]


@pytest.fixture(scope="module")
def study():
    """The full study with two factors at once, so that every kind of figure has its cells."""
    config = yaml.safe_load((ROOT / "config/study.yaml").read_text())
    system = config["systems"]["four_state"]
    system["coordinates"]["x"] = {"features": ["x"]}
    system["partitions"]["kmeans_20"] = {"method": "kmeans", "n_states": 20}
    system["sweeps"] += [
        {"interval": [1, 20], "coordinate": ["x", "tica_1", "xy"]},
        {"interval": [1, 20], "partition": ["kmeans_20", "kmeans_100", "macrostates"]},
    ]
    return load_study(config)


@pytest.fixture(scope="module")
def smoke():
    return load_study(yaml.safe_load((ROOT / "config/smoke.yaml").read_text()))


def test_levels_are_in_the_order_of_their_axis(study):
    assert factor_levels(study, "four_state", "interval") == tuple(
        sorted(factor_levels(study, "four_state", "interval"))
    )
    declared = list(study.system("four_state").coordinates)
    shown = factor_levels(study, "four_state", "dimension")
    assert [name for name in declared if name in shown] == list(shown)
    assert list(grid_levels(study, "four_state", "interval_partition")) == ["interval", "partition"]


def test_a_study_draws_what_it_has(study, smoke):
    assert len(figures(study, "claims", "timescales")) == 1 + len(study.settings.systems)
    assert figures(smoke, "dimension", "interval_partition", "crosscheck") == []
    assert figures(smoke, "recrossing") == ["four_state_recrossing"]
    cells = recrossing_cells(smoke, "four_state")
    assert cells is not None and len(cells.partitions) > 1


def test_the_first_system_that_has_a_kind_shows_it(study, smoke):
    assert list(shown_in_gallery(study)) == SHOWN
    assert "dimension" not in shown_in_gallery(smoke)
    assert shown_in_gallery(smoke)["claims"] == ""
    assert shown_in_gallery(smoke)["cost"] == "four_state"


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_has_a_module_files_and_a_look(study, kind):
    module = import_module(f"raremd.report.figures.{kind.module}")
    assert callable(module.read) and callable(module.draw)
    assert all(kind.files(study, "four_state").values())
    look = kind.look(study, "four_state")
    assert Look(**vars(look)) == look
    assert not kind.category or (REPORT / f"{kind.caption}.rst").exists()


@pytest.mark.parametrize("name", SHOWN)
def test_every_kind_has_a_caption_of_the_report_and_a_sentence(study, name):
    kind = KINDS[name]
    text = (REPORT / f"{kind.caption}.rst").read_text()
    said = caption(text, "four_state", kind.look(study, "four_state"))
    assert not any(mark in said for mark in ("{", "``", "\\|", "\n"))
    if KINDS[name].scope == PER_SYSTEM:
        assert "four_state" in said
    assert kind.hint.count(".") == 1


def test_a_caption_tells_the_factor_and_what_is_open():
    text = (REPORT / "factor.rst").read_text()
    interval = caption(text, "a", Look(levels={"interval": (1.0, 2.0)}))
    assert "against the saving interval," in interval
    levels = {"dimension": ("x", "xy")}
    plain = caption(text, "a", Look(levels=levels))
    numbered = caption(text, "a", Look(levels=levels, states={"kmeans_20": 20}))
    assert "Open and half open marks" in numbered and "open marks" not in plain


def test_the_page_names_its_run():
    text = gallery.page([gallery.Shown("cost", "a", "Of a.")], "config.yaml", "123")
    assert "a run of `config.yaml` at commit `123`" in text
    assert "![Cost and accuracy](gallery/a_cost.png)" in text
    assert "cheaper.** Of a." in text
