"""Adapter: histograms in states files -> free energy with the borders of the states."""

from pathlib import Path

from raremd.analysis.tidy import pretty
from raremd.io.logs import log_to
from raremd.io.storage import read_arrays, read_attributes
from raremd.report.figures.free_energy import Map, draw
from raremd.report.figures.style import save


def read_map(path: str) -> Map:
    found, attributes = read_arrays(path, "map"), read_attributes(path)
    return Map(
        title=pretty(Path(path).stem),
        names=attributes["names"],
        periods=read_arrays(path, "coordinate")["periods"],
        counts=found["counts"],
        edges=[found[f"edges_{d}"] for d in range(found["counts"].ndim)],
        states=found.get("states"),
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    save(
        draw([read_map(p) for p in snakemake.input.states]),
        snakemake.output.pdf,
        snakemake.output.png,
    )
