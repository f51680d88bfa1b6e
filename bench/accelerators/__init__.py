"""Everything that this machine's processor and accelerator offer, in minutes.

``python -m bench.accelerators`` writes docs/performance-accelerators.md. It runs on a bare machine:
where the engine is not installed, it is compiled first.
"""
