"""Adapter: MD and generated trajectories of the base cell -> strips of metastable states."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_arrays, read_table
from raremd.report.figures.strips import choose, draw
from raremd.report.figures.style import save
from raremd.states.discrete_trajectories import read_states
from raremd.states.split import at_interval

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    kinetics = snakemake.input.kinetics
    system = read_states(snakemake.input.states)
    sources = {"md": at_interval(system.md, system.split.training, p.stride, "none", 1)}
    for model, path in zip(p.models, snakemake.input.generated, strict=True):
        sources[model] = list(read_arrays(path)["replicate_1"])
    slowest = pick(read_table(kinetics), model="md", quantity="yardstick_timescale", i=1, lag=p.lag)
    of_state = read_arrays(kinetics)["of_state"]
    strips = choose(sources, of_state, slowest["value"].item() / p.interval)
    save(
        draw(strips, p.interval, int(of_state.max()) + 1, p.unit),
        snakemake.output.pdf,
        snakemake.output.png,
    )
