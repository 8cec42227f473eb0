"""Gradients -> steps: the optimizer that trains combs and crowds.

Adam scales each number of a kernel on its own. A few directions that all
pictures share (how bright, how turned) then rule every step, and what a mouth
does is learned last. Muon gives all directions of a kernel the same step.
"""

import math
import re

import keras
from keras import ops

# Widest block of a kernel that is turned as one: the cost grows with the
# square of the width, and 512 columns would cost more than the network itself.
BLOCK = 128
# Names of layers whose kernels stay with Adam. Their ends: a person's name
# stands before them, and may be anything.
ADAM_LAYERS = re.compile(r"_(rgb|style)(/|$)")


@keras.saving.register_keras_serializable("helpers")
class KernelMuon(keras.optimizers.Muon):
    """Muon for the kernels of convolutions and dense layers.

    Keras' own class takes matrices only and leaves convolutions to Adam. Here
    a convolution's kernel is a matrix too: all that reaches one output channel
    is a column. Wide ones are cut into blocks of 128 columns. Biases, styles
    and the layers from and to RGB stay with Adam.

    Args:
        learning_rate: float. As for Adam: a kernel's numbers move by a fifth
            of it a step, on average.
        **options: as for `keras.optimizers.Muon`.

    References:
        Jordan et al., 2024, "Muon: An optimizer for hidden layers in neural
        networks", which flattens kernels in the same way.
        Liu et al., 2025, "Muon is scalable for LLM training",
        arXiv:2502.16982, equation 4: the step's size.
    """

    def __init__(self, learning_rate=5e-3, **options):
        # no weight decay: a run of minutes has nothing to forget
        options = {
            "adam_beta_1": 0.5,
            "adam_weight_decay": None,
            "weight_decay": None,
            "name": "kernel_muon",
            **options,
        }
        super().__init__(learning_rate, **options)

    def _should_use_adamw(self, variable):
        if len(variable.shape) not in (2, 4):
            return True
        return ADAM_LAYERS.search(variable.path) is not None

    def zeropower_via_newtonschulz5(self, x, steps):
        """Nearest matrices with all singular values about 1, in x's shape.

        The same numbers as Keras' own method, in a third of the time. Each of
        its iterations multiplies a tall matrix by a polynomial of the square
        one of its columns' products. All of these commute, so that only the
        square ones are iterated, and their product meets the tall one once.
        """
        rows, columns = _matrix_shape(x)
        width = _block_width(rows, columns)
        blocks = ops.split(ops.reshape(x, (rows, columns)), columns // width, 1)
        blocks = [self._orthogonal(block, steps) for block in blocks]
        return ops.reshape(ops.concatenate(blocks, axis=1), x.shape)

    def _orthogonal(self, matrix, steps):
        if matrix.shape[0] < matrix.shape[1]:
            turned = self._orthogonal(ops.transpose(matrix), steps)
            return ops.transpose(turned)
        products = ops.matmul(ops.transpose(matrix), matrix)
        # the trace is the squared norm; as there, 1 / 0 has to be avoided
        scale = 1 / (ops.sqrt(ops.trace(products)) + 1e-7)
        products = products * ops.square(scale)
        factor = ops.eye(matrix.shape[1], dtype=matrix.dtype) * scale
        for _ in range(steps):
            change = self.muon_b * products + self.muon_c * ops.matmul(
                products, products
            )
            factor = self.muon_a * factor + ops.matmul(change, factor)
            for _ in range(2):
                products = self.muon_a * products + ops.matmul(change, products)
        return ops.matmul(matrix, factor)

    def step_flops(self, variables):
        """Multiplications and additions that turning the kernels takes."""
        flops = 0
        for variable in variables:
            if self._should_use_adamw(variable):
                continue
            rows, columns = _matrix_shape(variable)
            width = _block_width(rows, columns)
            short, long = sorted((rows, width))
            # twice with the tall matrix, and with the square one four times
            # in each iteration
            once = 4 * short**2 * long + 8 * self.ns_steps * short**3
            flops += once * columns // width
        return flops

    def lr_adjust(self, x):
        """Scale a step to a root mean square of `rms_rate`."""
        rows, columns = _matrix_shape(x)
        side = max(rows, _block_width(rows, columns))
        return x * (self.rms_rate * math.sqrt(side))


def _matrix_shape(kernel):
    """All that reaches an output channel, and the output channels."""
    return math.prod(kernel.shape[:-1]), kernel.shape[-1]


def _block_width(rows, columns):
    narrow = min(rows, columns) <= BLOCK or columns % BLOCK
    return columns if narrow else BLOCK
