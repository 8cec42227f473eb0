"""A batch in, better weights out: the step that `Trainer` repeats.

`Trainer` knows schedule, time, checkpoints and reports; a step knows models,
optimizers and losses. `SupervisedStep` trains one model by its losses. What
alternates between two models is another class with the same methods.
"""

import keras

from helpers.files.arrays import assign_arrays
from helpers.training import distribution


class TrainingStep:
    """Base of the ways to train a network.

    `Trainer` calls `prepare()` at the beginning of each stage and `train()`
    for each batch. It asks `draw()` for what it reports, for what it calls
    best (the data's losses of held-out pictures), and whether a decoder has
    collapsed.

    Attributes:
        network: what is trained, in place. Its `level` says where.
        is_prepared: bool. Whether the step can be taken at this level.
    """

    is_prepared = False

    def prepare(self, learning_rate, arrays=None, origin=None):
        """Make models and fresh optimizers for the network's level.

        Args:
            learning_rate: float.
            arrays: dict from a checkpoint, all of `variables()` by name, or
                `None` to begin afresh.
            origin: str or path, named in errors about the arrays.
        """
        raise NotImplementedError

    def freeze(self):
        """Let layers that stay as they are say so; nothing where all move."""

    def forget(self):
        """Drop the models: they are of a level, or of weights, now past."""
        raise NotImplementedError

    def train(self, inputs, targets, learning_rate):
        """Take one step.

        Args:
            inputs: dict of arrays, see `TrainingData.batch()`.
            targets: dict of arrays.
            learning_rate: float.

        Returns:
            `(total, losses)`: what was minimised, a float, and a dict of
            floats by their names in reports, the means since `begin_mean()`.
        """
        raise NotImplementedError

    def begin_mean(self):
        """Let the losses that `train()` gives begin anew."""
        raise NotImplementedError

    def draw(self, inputs):
        """What the network makes of inputs.

        Args:
            inputs: dict of arrays.

        Returns:
            dict of arrays by output.
        """
        raise NotImplementedError

    def variables(self):
        """All that it takes to go on: what checkpoints hold.

        Returns:
            dict of name to Keras variable: `network/<name>` for those of the
            network, which a new run begins with, and names of any other
            beginning for the rest: moments, a discriminator.
        """
        raise NotImplementedError

    def taken(self):
        """How many calls of `train()` have moved weights since `prepare()`.

        Asked after an interrupt, which may come between a step and its
        count. Where several models are trained, the one that moves first
        tells.

        Returns:
            int.
        """
        raise NotImplementedError


class SupervisedStep(TrainingStep):
    """Trains one model, the network's `autoencoder()`, by its losses.

    Args:
        network: `Swapper`, or `RehearsingComb`.
        data: `TrainingData`, for its losses.
        optimizer: function from a learning rate to a new Keras optimizer:
            each stage begins with one.
        frozen: parts of the network, or names of layers, that stay as they
            are; see `frozen_layers()`.
    """

    def __init__(self, network, data, optimizer, frozen=()):
        self.network = network
        self._data = data
        self._new_optimizer = optimizer
        self._frozen = frozen_layers(network, frozen)
        self._model = self._optimizer = self._train_model = None

    @property
    def is_prepared(self):
        return self._model is not None

    def freeze(self):
        for layer in self.network.layers():
            layer.trainable = layer.name not in self._frozen

    def prepare(self, learning_rate, arrays=None, origin=None):
        self.freeze()
        model = self.network.autoencoder(self.network.level)
        # new moments at each level: the old ones are those of another loss
        optimizer = self._new_optimizer(learning_rate)
        optimizer.build(model.trainable_variables)
        model.compile(
            optimizer=optimizer,
            loss=self._data.losses,
            loss_weights=self._data.loss_weights,
        )
        if arrays is not None:
            variables = all_variables(self.network, optimizer)
            assign_arrays(variables, arrays, str(origin))
        # last of all: what an interrupt finds here, it may save
        self._train_model = distribution.training_step(model)
        self._model, self._optimizer = model, optimizer

    def forget(self):
        self._model = None

    def train(self, inputs, targets, learning_rate):
        self._optimizer.learning_rate = learning_rate
        logs = self._train_model(inputs, targets)
        total = float(logs["loss"])
        names = self._data.outputs
        if len(names) == 1:  # Keras then names no output
            return total, dict.fromkeys(names.values(), total)
        losses = {names[key]: float(logs[f"{key}_loss"]) for key in names}
        return total, losses

    def begin_mean(self):
        self._model.reset_metrics()

    def draw(self, inputs):
        # a finished run that was read from its checkpoint has no model
        model = self._model or self.network.autoencoder(self.network.level)
        return model.predict_on_batch(inputs)

    def variables(self):
        return all_variables(self.network, self._optimizer)

    def taken(self):
        return int(keras.ops.convert_to_numpy(self._optimizer.iterations))


def all_variables(network, optimizer):
    """What it takes to go on, by name: a network's weights, and moments.

    Args:
        network: `Swapper`, or another with `variables()`.
        optimizer: a built Keras optimizer.

    Returns:
        dict of name to Keras variable.
    """
    # Keras would drop the moments silently if they were not built yet;
    # their order is fixed, their names need not be unique
    moments = {
        f"optimizer/{number:04d}": variable
        for number, variable in enumerate(optimizer.variables)
    }
    weights = network.variables().items()
    return {f"network/{name}": v for name, v in weights} | moments


def frozen_layers(network, frozen):
    """Names of the layers that stay as they are.

    Args:
        network: what is trained.
        frozen: sequence of str. Each is a part of the network that
            `layers_of()` knows, for instance `"encoder"`, or the name of a
            layer.

    Returns:
        set of str.

    Raises:
        ValueError: if there is no such part and no such layer.
    """
    names = [layer.name for layer in network.layers()]
    still = set()
    for each in frozen:
        if each in names:
            still.add(each)
            continue
        try:
            still.update(layer.name for layer in network.layers_of(each))
        except KeyError:
            raise ValueError(
                "Frozen are parts of a network, for instance 'encoder', or "
                f"layers by their names, for instance {names[0]!r}. "
                f"Received: frozen={frozen!r}"
            ) from None
    return still
