"""Reading ahead: a generator in, the same items out, some taken early."""

import contextlib
import queue
import threading

ROOM_CHECK = 0.01  # seconds between looks for room, where reading waits for it


def read_ahead(items, most, has_room=None):
    """A generator's items, taken in a thread of its own, some ahead.

    Args:
        items: generator. An error that it raises is raised here.
        most: int. How many items wait at most.
        has_room: called as `has_room()`, in the thread: whether there is
            memory for one more item. It has to come to be true once all
            earlier items are worked off. `None`: always.

    Yields:
        The items. Closing this generator ends the thread.
    """
    waiting, stopped = queue.Queue(max(1, most)), threading.Event()

    def hand_over(item):
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def wait_for_room():
        while has_room is not None and not has_room():
            if stopped.wait(ROOM_CHECK):
                return

    def work():
        try:
            for item in items:
                hand_over((item, None))
                wait_for_room()
                if stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            hand_over((None, error))
        else:
            hand_over((None, None))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        stopped.set()
        thread.join()
