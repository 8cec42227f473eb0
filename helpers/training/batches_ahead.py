"""A function that makes batches -> the batches, made ahead by threads."""

import concurrent.futures

import cv2

AHEAD = 6  # batches that are made while the network works


def make_ahead(make, numbers):
    """Results of a function in the order of its arguments, made ahead.

    Args:
        make: function of one of the numbers.
        numbers: iterable, endless or not.

    Yields:
        what `make` returned, one after the other.
    """
    # a thread cuts a whole batch; OpenCV's own would get in its way
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    numbers = iter(numbers)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        queue = []
        try:
            while True:
                for number in numbers:
                    queue.append(threads.submit(make, number))
                    if len(queue) >= AHEAD:
                        break
                if not queue:
                    return
                yield queue.pop(0).result()
        finally:
            for batch in queue:
                batch.cancel()
            cv2.setNumThreads(opencv_threads)
