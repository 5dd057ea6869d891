"""The orchestrator: carries out what the loop decides."""
