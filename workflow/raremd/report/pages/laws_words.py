"""What the page of laws says whatever comes out: how far it holds, and who worked on it before."""

LIMITED_BY = {
    "tokens": "computing: more tokens of training would help most",
    "parameters": "size: a larger network would help most",
    "frames": "data: more MD would help most",
    "": "nothing that was varied: no doubling is sure to help",
}
ALONE = "not known: only {0} were varied"
AXES_IN_WORDS = {
    "tokens": "tokens",
    "parameters": "parameters",
    "frames": "unique frames of the MD",
}
PROTOTYPE = {
    "leak": "-0.85 to -1 for tokens, 1.3 to 1.4 for states, about 0 for t1",
    "excess": "about -0.85 for tokens, about 0.5 for states, about 0 for t1",
}
"""Exponents that a prototype measured on 60 trainings, before this study."""
VALIDITY = """\
## Limits of validity

- The laws are about one step. At the yardstick's lag errors of both signs cancel, so an error
  there can be small by accident and need not fall with tokens ([theory](theory.md)).
- An exponent holds between the smallest and the largest value in its figure. A floor that lies
  below the last point is not seen. Exponents are looked for up to 4 in size; an interval that ends
  there is cut.
- Excess loss is measured on a finite validation set, over the lowest possible loss, which is known
  for hidden chains only.
- Trainings that add too little at one step for it to be seen are left out of the law for use. They
  are mainly LSTMs on chains with few states, which do better than the law says. Counted as
  "at most so much" they make the exponent of states larger, and the law worse elsewhere.
- The law for use knows tokens and states only. How states mix inside a basin matters too: chains
  with a ring leak more than states of molecules do.
- The exponent of tokens in the law for use is that within cells, since networks were trained longer
  in some than in others.
- Learning rate, batch and weight decay move scales and floors; each curve has one recipe.
- The largest budgets have one or two trainings, the largest networks one.
"""
RELATED = """\
## Related work

- Tsai, Kuo and Tiwary (Nat. Commun. 11, 5115, 2020) train LSTMs of 64 and 1,024 units on
  four-state and alanine dipeptide trajectories; Tsai et al. (Nat. Commun. 13, 7231, 2022) steer
  them with path sampling. Neither varies the budget.
- Zeng, Cao, Huang and Yao (arXiv 2107.06573, 2021) found that such networks blur slow and fast
  dynamics: the claim that this project tests. Zeng, Zhang and Yao (J. Chem. Theory Comput. 2025,
  doi 10.1021/acs.jctc.5c00180) report that two-pass training of a Transformer repairs it; their
  network is not public, so the option `two_pass` is our reading of the text.
- Bera and Mondal (Chem. Sci. 2025) train a GPT of 8 layers and 256 units on 160 million tokens.
- MarS-FM (arXiv 2509.24779, 2025) argues that training at one fixed lag is dominated by frequent,
  uninformative transitions.
- Hsu, Kontorovich and Szepesvari (NeurIPS 2015) bound the mixing time of a reversible Markov
  chain from one trajectory: its length must grow with the relaxation time and with the inverse of
  the smallest stationary probability. The laws here say what a network adds to that price.
"""
