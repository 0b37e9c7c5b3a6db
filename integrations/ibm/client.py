"""Own the calls to IBM Quantum, through the vendor's own package as it comes.

Synchronous: every call may take as long as the network does, and belongs into a thread. The
package is imported by the first call, which takes four seconds. Of its two kinds of primitives the
newer ones are used, which turn everything into programs for the executor; it warns of the others.
"""

import base64
import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from core.errors import BackendUnavailable, HeliostatError, InvalidInput, NotFound
from integrations.ibm.codec import calibration_of, device_of, end_of, expectations, hex_counts
from integrations.ibm.config import IbmConfig
from integrations.ibm.jobs import Device, FoundJob, JobEnd, Prepared, Work

_CHANNEL = "ibm_quantum_platform"
_FAMILY = "ibm"
_MAX_EXECUTION_S = 10_800
_SEEDS = 2**31
_MAY_PASS = frozenset({401, 403, 408, 409, 425, 429})
"""Name the refusals that say nothing of the job: of the key, the quota, the pace."""


class Refused(Exception):
    """Raised when the vendor, or its package, will not take a job however often it is sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IbmClient:
    """Talk to the vendor, or to its sandbox, which only the addresses tell apart.

    Not for two threads at once. Every call raises BackendUnavailable if the vendor does not
    answer, or refuses the key; the connection is then made anew by the next one.
    """

    def __init__(self, config: IbmConfig) -> None:
        self._config = config
        self._service: Any = None
        self._listed: dict[str, Any] = {}

    def devices(self) -> list[Device]:
        """List the devices of the instance, with how each stands."""
        with self._asking(_FAMILY):
            return [_described(backend) for backend in self._connected().backends()]

    def device(self, name: str) -> Device:
        """Tell how a device stands.

        Raises:
            InvalidInput: the instance has no such device; names those that it has.
        """
        with self._asking(_backend_name(name)):
            return _described(self._backend(name))

    def prepare(self, work: Work) -> Prepared:
        """Fit a circuit to its device as that is calibrated now.

        Raises:
            InvalidInput: the instance has no such device.
            Refused: the circuit does not fit, or measures nothing.
        """
        from qiskit import transpile

        with self._asking(_backend_name(work.device), sends_job=True):
            backend = self._backend(work.device)
            properties = backend.properties()
            calibration = calibration_of(
                backend.configuration(), None if properties is None else properties.to_dict()
            )
            circuit = _circuit(work.qpy)
            if work.observables is None and not circuit.cregs:
                reason = "the circuit measures nothing"
                raise Refused(reason)
            isa = transpile(
                circuit,
                backend=backend,
                optimization_level=self._config.optimization_level,
                seed_transpiler=work.seed % _SEEDS,
            )
            return Prepared(
                backend=backend,
                pubs=_pubs(circuit, isa, work),
                is_estimate=work.observables is not None,
                shots=work.shots,
                precision=work.precision,
                isa_depth=isa.depth(),
                two_qubit_gates=isa.num_nonlocal_gates(),
                calibration=calibration,
            )

    def submit(
        self, prepared: Prepared, *, tags: Sequence[str], limit_s: int, batch: str | None
    ) -> str:
        """Send a job that may use `limit_s` seconds of the device; return the vendor's id of it.

        The package sends it again by itself after some failures, and a failure says nothing of
        whether an earlier try was accepted: look for its tags afterwards, whatever comes of this.

        Raises:
            Refused: the job itself is at fault.
        """
        with self._asking(_backend_name(prepared.backend.name), sends_job=True):
            primitive = self._primitive(prepared, batch)
            primitive.options.environment.job_tags = list(tags)
            primitive.options.max_execution_time = min(limit_s, _MAX_EXECUTION_S)
            if prepared.is_estimate:
                job = primitive.run(prepared.pubs, precision=prepared.precision)
            else:
                job = primitive.run(prepared.pubs, shots=prepared.shots)
            return str(job.job_id())

    def open_batch(self, device: str) -> str:
        """Begin a batch, whose jobs the vendor carries out close together; return its id."""
        from qiskit_ibm_runtime import Batch

        with self._asking(_backend_name(device)):
            batch = Batch(backend=self._backend(device), max_time=self._config.batch_s)
            return str(batch.session_id)

    def close_batch(self, batch: str) -> None:
        """Say that no further job of a batch will come; those it has go on."""
        from qiskit_ibm_runtime import Batch

        with self._asking(_FAMILY):
            Batch.from_id(batch, self._connected()).close()

    def find(self, tag: str) -> list[FoundJob]:
        """List all jobs that carry a tag, the oldest first."""
        return self._list(tag)

    def unfinished(self, tag: str) -> list[FoundJob]:
        """List the jobs with a tag that have not ended, the oldest first."""
        return self._list(tag, pending=True)

    def _list(self, tag: str, **chosen: Any) -> list[FoundJob]:
        with self._asking(_FAMILY):
            jobs = self._connected().jobs(limit=None, job_tags=[tag], descending=False, **chosen)
            self._listed = {job.job_id(): job for job in jobs}
            found = [
                FoundJob(job_id=job.job_id(), tags=tuple(job.tags or ()), created=job.creation_date)
                for job in jobs
            ]
        return sorted(found, key=lambda job: (job.created, job.job_id))

    def end(self, job_id: str) -> JobEnd | None:
        """Tell how a job ended, None while it has not.

        Raises:
            NotFound: the vendor does not know the job.
        """
        with self._asking(_FAMILY):
            job = self._connected().job(job_id)
            status = job.status()
            if status not in job.JOB_FINAL_STATES:
                return None
            return end_of(status, job.error_message() or "", job.metrics())

    def counts(self, job_id: str) -> list[dict[str, int]]:
        """Return the counts of each row of a sampler's job that is done."""
        with self._asking(_FAMILY):
            result = self._connected().job(job_id).result()
            return [row for pub in result for row in hex_counts(pub.join_data())]

    def values(self, job_id: str, observables: int) -> tuple[list[list[float]], list[list[float]]]:
        """Return the expectations of an estimator's job that is done, and their standard errors.

        Both hold a list of as many numbers as there are observables for each row.
        """
        with self._asking(_FAMILY):
            pubs = [pub.data for pub in self._connected().job(job_id).result()]
            return (
                [row for pub in pubs for row in expectations(pub.evs, observables)],
                [row for pub in pubs for row in expectations(pub.stds, observables)],
            )

    def cancel(self, job_id: str) -> None:
        """Cancel a job; one that has ended, or is not known, stays as it is."""
        from qiskit_ibm_runtime import RuntimeInvalidStateError, RuntimeJobNotFound

        with self._asking(_FAMILY):
            # To ask for a job takes the package as long as to list them: it copies its device.
            job = self._listed.pop(job_id, None)
            try:
                (job or self._connected().job(job_id)).cancel()
            except (RuntimeInvalidStateError, RuntimeJobNotFound):
                return

    def _primitive(self, prepared: Prepared, batch: str | None) -> Any:
        from qiskit_ibm_runtime import Batch
        from qiskit_ibm_runtime.executor_estimator import Estimator
        from qiskit_ibm_runtime.executor_sampler import Sampler

        mode = prepared.backend
        if batch is not None:
            mode = Batch.from_id(batch, self._connected())
        if not prepared.is_estimate:
            return Sampler(mode=mode)
        estimator = Estimator(mode=mode)
        estimator.options.resilience_level = self._config.resilience_level
        return estimator

    def _backend(self, name: str) -> Any:
        from qiskit.providers.exceptions import QiskitBackendNotFoundError

        service = self._connected()
        try:
            return service.backend(name)
        except QiskitBackendNotFoundError:
            # The same error also tells that the vendor did not answer.
            known = [backend.name for backend in service.backends()]
            if not known or name in known:
                raise
            raise InvalidInput(
                field="backend", reason=f"no device {name!r}; known are {', '.join(sorted(known))}"
            ) from None

    def _connected(self) -> Any:
        if self._service is None:
            self._service = _connect(self._config)
        return self._service

    @contextmanager
    def _asking(self, backend: str, *, sends_job: bool = False) -> Iterator[None]:
        try:
            yield
        except (HeliostatError, Refused):
            raise
        except Exception as error:  # the vendor's package raises classes of many others
            if sends_job and _is_of_the_job(error):
                raise Refused(_reason(error)) from error
            # Whatever it was, what the connection remembers may be a part of it.
            self._service = None
            raise _translated(error, backend) from error


def _connect(config: IbmConfig) -> Any:
    # That library warns of every account that is given in the code, and of every instance.
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    from qiskit_ibm_runtime import QiskitRuntimeService

    api_url = config.api_url
    return QiskitRuntimeService(
        channel=_CHANNEL,
        token=config.token,
        instance=config.instance,
        url=api_url,
        url_resolver=None if api_url is None else lambda *_: api_url,
    )


def _translated(error: Exception, backend: str) -> HeliostatError:
    from qiskit_ibm_runtime import IBMNotAuthorizedError, RuntimeJobNotFound

    if isinstance(error, RuntimeJobNotFound):
        return NotFound(what="IBM Quantum job", name=_reason(error))
    if isinstance(error, IBMNotAuthorizedError):
        return BackendUnavailable(backend=backend, reason="it refuses the key")
    return BackendUnavailable(backend=backend, reason=_reason(error))


def _is_of_the_job(error: Exception) -> bool:
    """Tell whether the job itself was at fault, so that sending it again is of no use."""
    from qiskit.exceptions import QiskitError
    from qiskit.providers.exceptions import QiskitBackendNotFoundError
    from qiskit_ibm_runtime.exceptions import IBMAccountError, IBMError, IBMInputValueError

    status = _status_of(error)
    if status is not None:
        return 400 <= status < 500 and status not in _MAY_PASS
    if isinstance(error, IBMAccountError | QiskitBackendNotFoundError):
        return False
    if isinstance(error, IBMError):
        return isinstance(error, IBMInputValueError)
    return isinstance(error, QiskitError | ValueError | TypeError)


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _status_of(error: BaseException | None) -> int | None:
    """Return the status of the answer behind an error; the package hides it in the context."""
    while error is not None:
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and status > 0:
            return status
        error = error.__cause__ or error.__context__
    return None


def _backend_name(device: str) -> str:
    return f"{_FAMILY}:{device}"


def _described(backend: Any) -> Device:
    return device_of(backend.name, backend.num_qubits, backend.status())


def _circuit(qpy: str) -> Any:
    from qiskit import qpy as reader

    return reader.load(io.BytesIO(base64.b64decode(qpy)))[0]


def _pubs(circuit: Any, isa: Any, work: Work) -> tuple[Any, ...]:
    """Return what a primitive takes: one entry with all rows, or one a row without parameters.

    Transpiling may have removed parameters that change nothing, so the rows are cut to those left.
    """
    left = [place for place, one in enumerate(circuit.parameters) if one in isa.parameters]
    names = tuple(circuit.parameters[place] for place in left)
    observables = _laid_out(isa, work)
    if not left:
        single = (isa,) if observables is None else (isa, observables)
        return (single,) * len(work.rows)
    values = [[row[place] for place in left] for row in work.rows]
    if observables is None:
        return ((isa, {names: values}),)
    return ((isa, observables, {names: [[row] for row in values]}),)


def _laid_out(isa: Any, work: Work) -> list[Any] | None:
    from qiskit.quantum_info import SparsePauliOp

    if work.observables is None:
        return None
    return [
        SparsePauliOp.from_list(list(observable.items())).apply_layout(isa.layout)
        for observable in work.observables
    ]
