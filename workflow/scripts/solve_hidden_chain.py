"""Adapter: hidden chain -> its exact answers as JSON."""

from raremd.data.simulated.hidden_chain_exact import SolvedChain
from raremd.io.logs import log_to
from raremd.io.storage import write_typed
from raremd.study.plans import AnswersPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(AnswersPlan, snakemake.params.plan)
    solved = SolvedChain(plan.chain)
    answers = solved.answers(plan.lags, plan.timescales, plan.frame_interval, plan.time_unit)
    write_typed(snakemake.output.answers, answers)
