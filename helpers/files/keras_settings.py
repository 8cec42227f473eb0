"""Keras as the course takes it, whatever is left in `~/.keras/keras.json`.

Keras reads that file when it is imported, and other courses leave things in
it: pictures with their channels first, numbers of 16 bits. No network of ours
can be built by the one, or trained by the other. The backend stays as it is
there: all of them run the course.

`helpers/__init__.py` calls it, in each process that imports the package.
"""

import sys

from helpers.files.loading import call_after

IMAGE_FORMAT = "channels_last"
FLOAT_TYPE = "float32"
EPSILON = 1e-7


def settle_keras():
    """Set what the course relies on, now or as soon as Keras is loaded.

    It holds for all that is built in this process from here on, a reader's own
    layers too: Keras has one setting for all, and a file that lies about is
    forgotten more often than it is meant. Whoever means it says so after
    importing the package (`keras.config.set_floatx()`), or to the layer
    (`data_format=...`, `dtype=...`). A policy such as `mixed_bfloat16` is in
    no file, so somebody has set it: it stays.
    """
    if "keras" in sys.modules:
        _settle(sys.modules["keras"])
    else:
        # importing it takes seconds, and not all of the package needs it
        call_after("keras", _settle)


def _settle(keras):
    left_over = keras.config.floatx()
    keras.config.set_image_data_format(IMAGE_FORMAT)
    keras.config.set_floatx(FLOAT_TYPE)
    keras.config.set_epsilon(EPSILON)
    # what is asked once is kept, apart from the float type it came from
    if keras.config.dtype_policy().name == left_over:
        keras.config.set_dtype_policy(FLOAT_TYPE)
