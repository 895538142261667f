"""The simulation: both pure cores together, through a network and a carrier that do everything they may do.

A run is a seed: its scenario and its actions, and nothing else. The promises are checked at each step and at
the end.
"""
