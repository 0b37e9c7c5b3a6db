"""Own arithmetic on many numbers at once, written in the compiler's vector types.

Left to itself the compiler cannot know that two runs of one array are apart, and takes their
numbers one by one. Runs must be within their arrays and apart from each other: nothing is checked.
Processors without wide registers get the same numbers from narrow ones.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

RUN = 16
"""Count the real numbers of a run: eight amplitudes."""

_written: Callable[[Callable[..., Any]], Callable[..., Any]] = intrinsic
_VECTOR_BYTES = 32
_FAST = ("contract",)
_INDEX, _SHUFFLE = ir.IntType(64), ir.IntType(32)
_ONE = ir.Constant(_INDEX, 1)


class _Runs:
    """Write loads, stores and sums of runs into a function under construction."""

    def __init__(self, context: Any, builder: Any, array_type: Any) -> None:
        self._context = context
        self._builder = builder
        self._number = context.get_value_type(array_type.dtype)
        self._bytes = 4 if array_type.dtype is types.float32 else 8
        self.lanes = _VECTOR_BYTES // self._bytes
        self.count = RUN // self.lanes
        self._vector = ir.VectorType(self._number, self.lanes)
        self._array_type = array_type

    def pointers(self, array: Any, first: Any) -> list[Any]:
        """Return where the vectors of the run at `first` are."""
        data = self._context.make_array(self._array_type)(self._context, self._builder, array).data
        return [self._pointer(data, first, part * self.lanes) for part in range(self.count)]

    def _pointer(self, data: Any, first: Any, offset: int) -> Any:
        place = self._builder.add(first, ir.Constant(_INDEX, offset))
        number = self._builder.gep(data, [place])
        return self._builder.bitcast(number, self._vector.as_pointer())

    def load(self, pointer: Any) -> Any:
        value = self._builder.load(pointer)
        value.align = self._bytes
        return value

    def store(self, value: Any, pointer: Any) -> None:
        self._builder.store(value, pointer).align = self._bytes

    def spread(self, number: Any) -> Any:
        """Return a vector of equal numbers."""
        empty = ir.Constant(self._vector, ir.Undefined)
        first = self._builder.insert_element(empty, number, ir.Constant(_SHUFFLE, 0))
        zeros = ir.Constant(ir.VectorType(_SHUFFLE, self.lanes), [0] * self.lanes)
        return self._builder.shuffle_vector(first, empty, zeros)

    def turned(self, a: Any, b: Any, cosine: Any, sine: Any) -> tuple[Any, Any]:
        """Return a cos − b sin and b cos + a sin."""
        times, add, subtract = self._builder.fmul, self._builder.fadd, self._builder.fsub
        return (
            subtract(times(cosine, a, flags=_FAST), times(sine, b, flags=_FAST), flags=_FAST),
            add(times(cosine, b, flags=_FAST), times(sine, a, flags=_FAST), flags=_FAST),
        )

    def plus_crossed(self, total: Any, ket: tuple[Any, Any], bra: tuple[Any, Any]) -> Any:
        """Return the total plus bra_b·ket_a − bra_a·ket_b."""
        times, add, subtract = self._builder.fmul, self._builder.fadd, self._builder.fsub
        total = add(total, times(bra[1], ket[0], flags=_FAST), flags=_FAST)
        return subtract(total, times(bra[0], ket[1], flags=_FAST), flags=_FAST)


@_written
def move(_typing: Any, to: Any, at: Any, source: Any, first: Any) -> Any:
    """Copy one amplitude, which is two numbers, to another array of the same numbers."""
    signature = types.void(to, types.int64, source, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, at, source, first = arguments
        amplitude = ir.VectorType(context.get_value_type(signature.args[0].dtype), 2).as_pointer()
        pointers = []
        for array_type, array, place in zip(
            signature.args[::2], (to, source), (at, first), strict=True
        ):
            data = context.make_array(array_type)(context, builder, array).data
            pointers.append(builder.bitcast(builder.gep(data, [place]), amplitude))
        value = builder.load(pointers[1])
        value.align = 4
        builder.store(value, pointers[0]).align = 4
        return context.get_dummy_value()

    return signature, generate


@_written
def turn(_typing: Any, x: Any, first: Any, second: Any, cosine: Any, sine: Any) -> Any:
    """Turn two runs of `x` into each other: (a, b) → (a cos − b sin, b cos + a sin)."""
    signature = types.void(x, types.int64, types.int64, x.dtype, x.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, one, other, cosine, sine = arguments
        runs = _Runs(context, builder, signature.args[0])
        factors = runs.spread(cosine), runs.spread(sine)
        for at_a, at_b in zip(runs.pointers(array, one), runs.pointers(array, other), strict=True):
            a, b = runs.turned(runs.load(at_a), runs.load(at_b), *factors)
            runs.store(a, at_a)
            runs.store(b, at_b)
        return context.get_dummy_value()

    return signature, generate


@_written
def turn_back(
    _typing: Any,
    ket: Any,
    bra: Any,
    first: Any,
    second: Any,
    cosine: Any,
    sine: Any,
    totals: Any,
) -> Any:
    """Turn two runs back in both states, and add bra_b·ket_a − bra_a·ket_b to the run of totals."""
    signature = types.void(ket, bra, types.int64, types.int64, ket.dtype, ket.dtype, totals)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ket, bra, one, other, cosine, sine, totals = arguments
        runs = _Runs(context, builder, signature.args[0])
        factors = runs.spread(cosine), runs.spread(builder.fneg(sine))
        places = [runs.pointers(array, at) for array in (ket, bra) for at in (one, other)]
        sums = runs.pointers(totals, ir.Constant(_INDEX, 0))
        for ket_a, ket_b, bra_a, bra_b, at in zip(*places, sums, strict=True):
            kets = runs.load(ket_a), runs.load(ket_b)
            bras = runs.load(bra_a), runs.load(bra_b)
            runs.store(runs.plus_crossed(runs.load(at), kets, bras), at)
            for pair, pointers in ((kets, (ket_a, ket_b)), (bras, (bra_a, bra_b))):
                for value, pointer in zip(runs.turned(*pair, *factors), pointers, strict=True):
                    runs.store(value, pointer)
        return context.get_dummy_value()

    return signature, generate


@_written
def nearest_whole(_typing: Any, number: Any) -> Any:
    """Return the whole number nearest to `number`, below 2⁵¹, and an integer of its last bits.

    The sum with a large number ends with them; a conversion would be done one by one.
    """
    signature = types.Tuple((types.float64, types.int64))(types.float64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        large = ir.Constant(ir.DoubleType(), 1.5 * 2.0**52)
        shifted = builder.fadd(arguments[0], large)
        bits = builder.bitcast(shifted, _INDEX)
        pair = (builder.fsub(shifted, large), bits)
        return context.make_tuple(builder, signature.return_type, pair)

    return signature, generate


@_written
def with_flipped_sign(_typing: Any, number: Any, quarters: Any) -> Any:
    """Return `number`, negated where the second last bit of `quarters` is one."""
    signature = types.float64(types.float64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, quarters = arguments
        shifted = builder.shl(builder.lshr(quarters, _ONE), ir.Constant(_INDEX, 63))
        bits = builder.xor(builder.bitcast(number, _INDEX), shifted)
        return builder.bitcast(bits, ir.DoubleType())

    return signature, generate
