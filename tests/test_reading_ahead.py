"""Reading ahead: the same items in order, their error last, no thread left."""

import contextlib
import threading

import pytest

from helpers.footage.media.reading_ahead import read_ahead


def test_items_come_in_order_and_then_their_error():
    def break_off():
        yield from range(9)
        raise ValueError("broken off")

    seen = []
    with pytest.raises(ValueError, match="broken off"):
        for item in read_ahead(break_off(), 3):
            seen.append(item)
    assert seen == list(range(9))


def test_no_more_are_taken_than_may_wait_and_closing_ends_the_thread():
    taken, room = [], threading.Event()

    def take():
        for number in range(99):
            taken.append(number)
            yield number

    before = threading.active_count()
    with contextlib.closing(read_ahead(take(), 50, room.is_set)) as items:
        assert next(items) == 0
        # the second one is not even asked for while there is no room for it
        assert taken == [0]
        room.set()
        assert next(items) == 1
    assert threading.active_count() == before and len(taken) < 99
