"""A number of devices -> every batch of training spread over them.

Each device holds the whole network and sees its share of a batch; the
gradients are summed before a step is taken. One call switches it on, before a
network is built. On TensorFlow it is `tf.distribute.MirroredStrategy`, for
the GPUs of one machine; on JAX `keras.distribution`, for several machines
too. Keras has nothing of the kind on PyTorch.
"""

import keras


def use_devices(count=1):
    """Train on several devices from here on.

    Args:
        count: int. How many of this machine's GPUs (or CPUs, where it has no
            GPU) share the work. 1 changes nothing.

    Returns:
        list of str: names of the devices.

    Raises:
        ValueError: if the machine has fewer, or the backend takes one only.
    """
    backend = keras.backend.backend()
    devices = ["one"]
    if backend != "torch":
        devices = keras.distribution.list_devices()
    if not 1 <= count <= len(devices):
        advice = (
            "Set KERAS_BACKEND to tensorflow or jax to use several."
            if backend == "torch"
            else "Ask for no more."
        )
        raise ValueError(
            f"On {backend} training can use 1 to {len(devices)} devices here: "
            f"{', '.join(devices)}. Received: count={count!r}. {advice}"
        )
    devices = devices[:count]
    if count == 1:
        return devices
    if backend == "jax":
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(devices=devices)
        )
    else:  # keras.distribution is not made for TensorFlow
        import tensorflow as tf

        tf.distribute.experimental_set_strategy(
            tf.distribute.MirroredStrategy(devices)
        )
    return devices


def is_on_gpu():
    """Whether training runs beside the processor, and not on it."""
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.is_available()
    return any(
        not device.startswith("cpu")
        for device in keras.distribution.list_devices()
    )


def training_step(model):
    """Function that trains a model for a step, over all devices in use.

    Args:
        model: compiled `keras.Model`.

    Returns:
        function of `inputs` and `targets`, dicts of arrays `(batch, ...)`,
        that returns a dict of losses by name. It raises a ValueError if the
        devices cannot share the batch evenly.
    """

    def step(inputs, targets):
        return model.train_on_batch(inputs, targets, return_dict=True)

    if keras.backend.backend() != "tensorflow":
        return step
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        release_graphs(model.optimizer)
        return step
    built = False

    def shared_step(inputs, targets):
        nonlocal built
        if not built:  # Keras builds losses from whole arrays only
            model.test_on_batch(inputs, targets)
            model.reset_metrics()
            built = True
        return step(*_shared_out(strategy, (inputs, targets)))

    return shared_step


def release_graphs(optimizer):
    """Let the graphs of a network go once nobody trains it any more.

    TensorFlow's optimizers ask all devices for the sum of their gradients.
    Where there is one device only, TensorFlow keeps how to differentiate that
    sum, and with it the graph of every network that was ever trained: 10 to
    60 MB each, for as long as the process lives. So one device does not ask.

    Args:
        optimizer: Keras optimizer, before a model trains by it.

    Returns:
        The same optimizer.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            optimizer._all_reduce_sum_gradients = list
    return optimizer


def _shared_out(strategy, batch):
    """Arrays as values of which each of TensorFlow's devices has its part.

    Keras does so in `fit()`; with `train_on_batch()` every device would see
    the whole batch.
    """
    count = strategy.num_replicas_in_sync
    size = len(keras.tree.flatten(batch)[0])
    if size % count:
        raise ValueError(
            f"{count} devices take a batch that {count} divides. "
            f"Received: {size} pictures. Change the batch size."
        )

    def share(array):
        parts = keras.ops.split(keras.ops.convert_to_tensor(array), count)
        return strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group]
        )

    return keras.tree.map_structure(share, batch)
