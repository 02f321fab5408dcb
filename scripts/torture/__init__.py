"""The rooms of scripts/torture.py: each makes cases of one kind, or plays scenes of several runs."""
