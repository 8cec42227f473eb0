// One face closely: its frame with all faces in it, its landmarks to be dragged,
// and its crop as it is and as they would give it. See face_pages.js.

const POINTS = ["left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth"];
const FINE = 1 / 240; // of the zoom's side that an arrow key moves a landmark
const COARSE = 5; // times as far with shift

class CloseUp {
  constructor(sorter, root) {
    this.sorter = sorter;
    this.root = root;
    this.urls = [];
  }

  url(jpeg) {
    this.urls.push(address(jpeg));
    return this.urls.at(-1);
  }

  draw(close) {
    this.urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
    this.root.replaceChildren();
    if (!("row" in close)) return;
    const other = this.row !== close.row;
    this.row = close.row;
    this.points = close.landmarks.map((point) => [...point]);
    this.waiting = false;
    this.root.append(this.heading(close));
    const body = make("div", { class: "face-sorter-body" });
    if (close.problem) {
      const problem = make("p", { class: "face-sorter-problem" }, close.problem);
      body.append(this.crops(close), make("div", { class: "face-sorter-side" }, problem, this.facts(close)));
    } else {
      const side = make("div", { class: "face-sorter-side" }, this.frame(close), this.facts(close));
      body.append(this.zoom(close), this.crops(close), side);
    }
    this.root.append(body);
    if (other) this.root.querySelector("button").focus({ preventScroll: true });
  }

  heading(close) {
    const rows = this.sorter.model.get("view").faces.map((face) => face.row);
    const place = rows.indexOf(close.row);
    const go = (step) => this.sorter.tell("look", { row: rows[place + step] });
    const one = { rows: [close.row] };
    return make(
      "div",
      { class: "face-sorter-bar" },
      button("\u2190 All faces", () => this.sorter.tell("leave"), { title: "Escape" }),
      button("\u2039", () => go(-1), { "aria-label": "previous face", disabled: place < 1 }),
      button("\u203a", () => go(1), { "aria-label": "next face", disabled: place < 0 || place + 1 >= rows.length }),
      make("strong", { class: `face-sorter-state${close.left_out ? " is-out" : ""}` }, close.left_out || "kept"),
      close.left_out
        ? button("Take back", () => this.sorter.tell("take_back", one))
        : button("Leave out", () => this.sorter.tell("leave_out", one)),
      button("As found", () => this.sorter.tell("as_found", one), {
        disabled: !close.by_hand,
        title: "Give up what a hand changed about this face",
      }),
      button("Undo", () => this.sorter.tell("undo"), { title: "Ctrl+Z", disabled: !this.sorter.model.get("can_undo") }),
    );
  }

  frame(close) {
    const [width, height] = close.size;
    const several = close.faces.length > 1;
    const boxes = close.faces.map(({ row, box: [x, y, w, h], left_out }) => {
      const words = row === close.row ? "this face" : `another face, ${left_out || "kept"}: take it, leave out the others`;
      const choose = () => this.sorter.tell("choose", { row });
      return make(
        "g",
        {
          class: `face-sorter-box${row === close.row ? " is-this" : ""}${left_out ? " is-out" : ""}`,
          tabindex: several ? 0 : -1,
          role: "button",
          "aria-label": words,
          "data-row": row,
          onclick: () => several && choose(),
          onkeydown: (event) => {
            if (!several || (event.key !== "Enter" && event.key !== " ")) return;
            event.preventDefault();
            choose();
          },
        },
        make("title", {}, words),
        make("rect", { x, y, width: w, height: h, class: "face-sorter-shadow" }),
        make("rect", { x, y, width: w, height: h }),
      );
    });
    const words = several
      ? `${close.faces.length} faces: click the one to take; the others are left out`
      : "the frame, with the only face found in it";
    return make(
      "figure",
      { class: "face-sorter-frame" },
      make(
        "svg",
        { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": words },
        make("image", { href: this.url(close.frame), width, height }),
        ...boxes,
      ),
      make("figcaption", {}, words),
    );
  }

  zoom(close) {
    const [left, top, side] = close.part;
    this.side = side;
    const radius = side / 48;
    this.handles = this.points.map((_, index) =>
      make(
        "g",
        {
          class: "face-sorter-point",
          tabindex: 0,
          role: "button",
          "aria-label": `${POINTS[index]}: drag it, or move it with the arrow keys`,
          onpointerdown: (event) => this.press(event, index),
          onpointermove: (event) => this.drag(event, index),
          onkeydown: (event) => this.step(event, index),
        },
        make("title", {}, POINTS[index]),
        make("circle", { r: 2.2 * radius, class: "face-sorter-touch" }),
        make("circle", { r: radius, class: "face-sorter-shadow" }),
        make("circle", { r: radius, class: "face-sorter-ring" }),
        make("circle", { r: radius / 5, class: "face-sorter-dot" }),
      ),
    );
    this.svg = make(
      "svg",
      { viewBox: `${left} ${top} ${side} ${side}` },
      make("image", { href: this.url(close.zoom), x: left, y: top, width: side, height: side }),
      ...this.handles,
    );
    this.place();
    const words = "drag a landmark to where it belongs";
    return make("figure", { class: "face-sorter-zoom" }, this.svg, make("figcaption", {}, words));
  }

  crops(close) {
    this.now = make("img", { src: this.url(close.crop), alt: "the crop as it is" });
    this.then = make("img", { class: "face-sorter-then", alt: "the crop that these landmarks give" });
    this.save = button("Save", () => this.sorter.tell("move", { row: this.row, landmarks: this.points }), {
      class: "face-sorter-save",
      disabled: true,
    });
    this.back = button("Put back", () => this.draw(this.sorter.model.get("closely")), { disabled: true });
    this.fault = make("p", { class: "face-sorter-problem" });
    const crop = make("figure", {}, this.now, make("figcaption", {}, "the crop"));
    if (close.problem) return make("div", { class: "face-sorter-crops" }, crop);
    const recut = make("figure", {}, this.then, make("figcaption", {}, "cut again"));
    this.then.src = this.now.src;
    return make("div", { class: "face-sorter-crops" }, crop, recut, make("div", {}, this.save, this.back), this.fault);
  }

  facts(close) {
    const lines = close.facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
    return make("dl", { class: "face-sorter-facts" }, ...lines);
  }

  place() {
    // integer coordinates are the middles of pixels
    this.handles.forEach((handle, index) => {
      const [x, y] = this.points[index];
      handle.setAttribute("transform", `translate(${x + 0.5} ${y + 0.5})`);
    });
  }

  press(event, index) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.handles[index].focus({ preventScroll: true });
    this.handles[index].setPointerCapture(event.pointerId);
  }

  drag(event, index) {
    if (!this.handles[index].hasPointerCapture(event.pointerId)) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    this.moved(index, [x - 0.5, y - 0.5]);
  }

  step(event, index) {
    const far = this.side * FINE * (event.shiftKey ? COARSE : 1);
    const moves = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    event.stopPropagation();
    const [x, y] = this.points[index];
    this.moved(index, [x + moves[event.key][0], y + moves[event.key][1]]);
  }

  moved(index, point) {
    this.points[index] = point;
    this.place();
    this.save.disabled = this.back.disabled = false;
    this.ask();
  }

  // one question at a time: what was moved meanwhile is asked for next
  ask() {
    if (this.waiting) return;
    this.waiting = true;
    this.asked = JSON.stringify(this.points);
    this.sorter.tell("preview", { row: this.row, landmarks: this.points });
  }

  showRecut(recut) {
    if (!("crop" in recut) || !this.then) return;
    this.waiting = false;
    this.fault.textContent = recut.said;
    this.save.disabled = Boolean(recut.said);
    if (!recut.said) this.then.src = this.url(recut.crop);
    if (this.asked !== JSON.stringify(this.points)) this.ask();
  }
}
