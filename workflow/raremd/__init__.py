"""Does a language model learn the slow dynamics of a molecular system?"""
