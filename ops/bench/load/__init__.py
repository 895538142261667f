"""The load of the benchmarks, a process of its own: registry, SMS API and citizens of whatever system."""
