"""Planted kinds that nothing is tuned or fitted on: other distributions and other ways of copying.

Only the scenario `held-out` reaches them; the import contracts keep everything else away.
"""
