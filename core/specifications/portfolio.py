"""Own what a portfolio run is asked: k of n contracts, chosen by QAOA."""

from core.asked import BackendName, Depth, Seed, Shots, Starts
from core.mixers import Mixer
from core.specifications.contracts import ContractChoice


class PortfolioSpecification(ContractChoice):
    """Ask for `choose` of `of` contracts that minimise q·xᵀΣx − μᵀx, chosen by QAOA."""

    seed: Seed = 7
    depth: Depth = 3
    shots: Shots = 4096
    starts: Starts = 8
    mixer: Mixer = Mixer.RING
    backend: BackendName = "auto"
