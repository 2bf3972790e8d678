"""Adapter: the MD in the states of the yardstick and of the cells -> what it can decide."""

from raremd.analysis.assess import assess
from raremd.io.logs import log_to
from raremd.io.storage import write_typed
from raremd.states.discrete_trajectories import read_states
from raremd.study.plans import AssessmentPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(AssessmentPlan, snakemake.params.plan)
    finer = {f"`{f.coordinate}/{f.partition}`": read_states(f.path) for f in plan.finer}
    states = read_states(snakemake.input.states)
    write_typed(snakemake.output.json, assess(states, finer, plan))
