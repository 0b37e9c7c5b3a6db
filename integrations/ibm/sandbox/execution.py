"""Own the carrying out of one job on a simulated device with its noise.

Serves the executor of the newer primitives and the older sampler and estimator. Runs in the
sandbox's worker process, which alone imports Qiskit.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from math import prod
from typing import Any

from integrations.ibm.sandbox.devices import DEVICES, recorded_name

_SECONDS_PER_SHOT = 3e-4
_SECONDS_PER_JOB = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """Hold a job's result as the vendor would send it, and the seconds it would charge."""

    result: str
    quantum_s: float


def execute(program: str, device: str, params: dict[str, Any], seed: int) -> Executed:
    """Carry a job out.

    Raises:
        ValueError: the program is none of `executor`, `sampler` and `estimator`.
        Exception: whatever the simulator says of a circuit that it cannot run.
    """
    if program == "executor":
        return _run_executor(device, params, seed)
    if program in {"sampler", "estimator"}:
        return _run_older(program, device, params, seed)
    message = f"unknown program {program!r}"
    raise ValueError(message)


@lru_cache(maxsize=len(DEVICES))
def _target(device: str) -> Any:
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    name = recorded_name(device)
    module = import_module(f"qiskit_ibm_runtime.fake_provider.backends.{name}.fake_{name}")
    fake = next(
        found
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, FakeBackendV2)
        and found.__module__ == module.__name__
    )
    return fake().target


def _simulator(device: str, circuits: Iterable[Any]) -> Any:
    from qiskit_aer import AerSimulator

    from quant.quantum.noise import corner_noise

    noise = corner_noise(circuits, _target(device))
    return AerSimulator(noise_model=noise, max_parallel_threads=1)


def _run_executor(device: str, params: dict[str, Any], seed: int) -> Executed:
    from ibm_quantum_schemas.common import CompressedTensorModel
    from ibm_quantum_schemas.executor.version_2_0 import (
        ItemMetadataModel,
        MetadataModel,
        QuantumProgramResultItemModel,
        QuantumProgramResultModel,
    )
    from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
    from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
    from qiskit_ibm_runtime.quantum_program.params_converters import (
        QUANTUM_PROGRAM_PARAMS_CONVERTERS,
    )
    from samplomatic.quantum_program import SamplexItem

    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"]
    model: Any = converter.model.model_validate(params)
    program, _ = converter.decoder(model)
    for item in program.items:
        if isinstance(item, SamplexItem):
            item.samplex.finalize()
    options = SimulatorOptions(seed_simulator=seed)
    simulator = _simulator(device, [item.circuit for item in program.items])
    found = run_quantum_program(simulator, program, options)
    result = QuantumProgramResultModel(
        data=[
            QuantumProgramResultItemModel(
                results={
                    name: CompressedTensorModel.from_numpy(values) for name, values in item.items()
                },
                metadata=ItemMetadataModel(),
            )
            for item in found
        ],
        metadata=MetadataModel(chunk_timing=[]),
        # The client keeps what it needs for its own share of the work here.
        passthrough_data=model.quantum_program.passthrough_data,
        semantic_role=model.quantum_program.semantic_role,
    )
    shots = sum(prod(item.shape) for item in program.items) * program.shots
    return Executed(result=result.model_dump_json(), quantum_s=_charge_s(shots))


def _run_older(program: str, device: str, params: dict[str, Any], seed: int) -> Executed:
    from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
    from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

    decoded = json.loads(json.dumps(params), cls=RuntimeDecoder)
    pubs = [tuple(pub) for pub in decoded["pubs"]]
    options = decoded.get("options") or {}
    simulator = _simulator(device, [pub[0] for pub in pubs])
    primitive: Any
    if program == "sampler":
        primitive = BackendSamplerV2(
            backend=simulator,
            options={
                "default_shots": options.get("default_shots") or 4096,
                "seed_simulator": seed,
            },
        )
        default = primitive.options.default_shots
        shots = sum(
            prod(_rows(pub)) * ((pub[2] if len(pub) > 2 else None) or default) for pub in pubs
        )
    else:
        primitive = BackendEstimatorV2(
            backend=simulator,
            options={
                "default_precision": options.get("default_precision") or 0.015625,
                "seed_simulator": seed,
            },
        )
        default = primitive.options.default_precision
        shots = sum(round(1 / ((pub[3] if len(pub) > 3 else None) or default) ** 2) for pub in pubs)
    result = primitive.run(pubs).result()
    return Executed(result=json.dumps(result, cls=RuntimeEncoder), quantum_s=_charge_s(shots))


def _rows(pub: tuple[Any, ...]) -> tuple[int, ...]:
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    shape: tuple[int, ...] = SamplerPub.coerce(pub[:2]).shape
    return shape


def _charge_s(shots: int) -> float:
    return round(_SECONDS_PER_JOB + shots * _SECONDS_PER_SHOT, 3)
