"""Own what `python -m quant.quantum` reads, answers and draws."""
