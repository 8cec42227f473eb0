"""The face sorter with ten thousand faces, in a real browser.

Needs what `lab_page` says. How long a click takes is printed, not tested:
`python3 course.py test --browser --slow -s -k sorter_large`.
"""

import pytest
from lab_page import keep_picture, open_page, run_lab

CODE = """
from sorter_faces import make_faces
from helpers.widgets.face_sorter import FaceSorter
FaceSorter(make_faces(folder / "home", frames=40, faces=10_400), "Rosa")
"""
CLICK = """async (row) => {
    const grid = document.querySelector(".face-sorter-grid");
    grid.querySelector(`[data-row="${row}"]`).click();
    const buttons = [...document.querySelectorAll(".face-sorter button")];
    const begin = performance.now();
    buttons.find((one) => one.textContent.startsWith("Leave out")).click();
    while (grid.querySelector(`[data-row="${row}"]`))
        await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - begin;
}"""
LOOK = """async (row) => {
    const face = document.querySelector(`[data-row="${row}"]`);
    const begin = performance.now();
    face.dispatchEvent(new MouseEvent("dblclick"));
    while (!document.querySelector(".face-sorter-close figure"))
        await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - begin;
}"""
TURN = """async () => {
    const pages = document.querySelector(".face-sorter-pages");
    const grid = document.querySelector(".face-sorter-grid");
    const first = grid.children[0];
    const begin = performance.now();
    pages.lastChild.click();
    while (first.isConnected)
        await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - begin;
}"""


@pytest.mark.slow
def test_ten_thousand_faces_are_sorted_page_by_page(tmp_path):
    with run_lab(tmp_path, CODE) as address:
        with open_page(address, ".face-sorter-grid") as page:
            page.locator(".face-sorter-face").first.wait_for()
            assert count(page, "all") > 10_000
            kept, times = count(page, "kept"), {}
            shown = page.locator(".face-sorter-face")
            assert shown.count() == 60

            def first():
                return int(shown.first.get_attribute("data-row"))

            for what, ask in (
                ("look closer", lambda: look(page, first())),
                ("leave out", lambda: page.evaluate(CLICK, first())),
                ("next page", lambda: page.evaluate(TURN)),
            ):
                times[what] = sorted(ask() for _ in range(9))[4]
            assert count(page, "kept") == kept - 9
            keep_picture(page, tmp_path, "ten_thousand")
    for what, time in times.items():
        print(f"{what}: {time:.0f} ms from click to change, median of 9")


def count(page, key):
    words = page.locator(f'.face-sorter-tabs [data-key="{key}"] b')
    return int(words.inner_text())


def look(page, row):
    time = page.evaluate(LOOK, row)
    page.keyboard.press("Escape")
    page.locator(".face-sorter-zoom").wait_for(state="detached")
    return time
