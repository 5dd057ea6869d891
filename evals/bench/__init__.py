"""Benchmarks, run by hand; their figures go into `docs/benchmarks.md` with the machine's description."""
