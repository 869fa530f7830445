"""Loops that Numba compiles: they fill the arrays that they are given and never raise.

A file calls no kernel of another file: Numba's cache looks at the file of the function it compiled
only, and would go on using what stood in the other one before an upgrade.
"""
