// The face sorter's page: tabs, a page of faces, and one face closely. What a
// click means is decided by Python: it is told by a message (`do`), and sends
// what is to be seen (`tabs`, `view` with its `tiles`, `close`, `recut`).

const POINTS = ["left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth"];
const FINE = 1 / 240; // of the zoom's side that an arrow key moves a landmark
const COARSE = 5; // times as far with shift

function address(jpeg) {
  return URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
}

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "circle", "image", "title", "path"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function button(words, onclick, attributes = {}) {
  return make("button", { type: "button", onclick, ...attributes }, words);
}

// ---- the page of faces

class Faces {
  constructor(sorter, root) {
    this.sorter = sorter;
    this.selected = new Set(); // rows
    this.here = 0; // place of the face that has the focus
    this.anchor = 0; // and of the one that a range begins at
    this.grid = make("div", {
      class: "face-sorter-grid",
      role: "listbox",
      "aria-multiselectable": "true",
      "aria-label": "Faces. Space selects, shift selects a range, Enter looks closer.",
      onkeydown: (event) => this.key(event),
    });
    root.append(this.grid);
  }

  async draw(view, tiles, columns) {
    const url = address(tiles);
    const image = new Image();
    image.src = url;
    await image.decode().catch(() => {});
    if (view !== this.sorter.model.get("view")) return URL.revokeObjectURL(url); // a newer one came
    const old = this.url;
    this.url = url;
    const focused = this.grid.contains(document.activeElement);
    const other = this.tab !== view.tab;
    this.tab = view.tab;
    if (other) this.selected.clear();
    if (other || this.page !== view.page) this.here = this.anchor = 0;
    this.page = view.page;
    const shown = new Set(view.faces.map((face) => face.row));
    for (const row of this.selected) if (!shown.has(row)) this.selected.delete(row);
    this.rows = view.faces.map((face) => face.row);
    this.here = Math.max(0, Math.min(this.here, this.rows.length - 1));
    const lines = Math.max(1, Math.ceil(this.rows.length / columns));
    const labelled = typeof view.tab !== "string" || ["all", "by hand"].includes(view.tab);
    const faces = view.faces.map((face, place) => {
      const across = ((place % columns) / (columns - 1)) * 100;
      const down = lines > 1 ? (Math.floor(place / columns) / (lines - 1)) * 100 : 0;
      const style = `background-image:url(${url});background-size:${columns * 100}% ${lines * 100}%;background-position:${across}% ${down}%`;
      const words = [face.caption, face.left_out || "kept", face.by_hand ? "by hand" : ""].filter(Boolean).join(", ");
      return make(
        "div",
        {
          class: `face-sorter-face${face.left_out && labelled ? " is-out" : ""}`,
          role: "option",
          style,
          title: `${words} (double click: look closer)`,
          "aria-label": words,
          "data-row": face.row,
          onclick: (event) => this.click(event, place),
          ondblclick: () => this.sorter.tell("look", { row: face.row }),
        },
        ...(labelled && face.left_out ? [make("span", { class: "face-sorter-reason" }, face.left_out)] : []),
        ...(face.by_hand ? [make("span", { class: "face-sorter-hand", title: "by hand" }, "\u270e")] : []),
      );
    });
    this.grid.replaceChildren(...faces);
    if (!faces.length) this.grid.append(make("p", { class: "face-sorter-none" }, "No faces here."));
    if (old) URL.revokeObjectURL(old);
    this.mark();
    if (focused) this.focus(this.here);
  }

  mark() {
    [...this.grid.querySelectorAll("[role=option]")].forEach((face, place) => {
      face.setAttribute("aria-selected", this.selected.has(this.rows[place]));
      face.tabIndex = place === this.here ? 0 : -1;
    });
    this.sorter.showSelected();
  }

  focus(place) {
    this.here = Math.max(0, Math.min(place, this.rows.length - 1));
    this.mark();
    this.grid.children[this.here]?.focus();
  }

  click(event, place) {
    if (event.shiftKey) this.range(place);
    else {
      const row = this.rows[place];
      if (!this.selected.delete(row)) this.selected.add(row);
      this.anchor = place;
    }
    this.focus(place);
  }

  range(place) {
    const [from, to] = [Math.min(place, this.anchor), Math.max(place, this.anchor)];
    this.rows.slice(from, to + 1).forEach((row) => this.selected.add(row));
  }

  all() {
    const every = this.rows.every((row) => this.selected.has(row));
    this.selected = new Set(every ? [] : this.rows);
    this.mark();
  }

  lines() {
    const faces = [...this.grid.children];
    return Math.max(1, faces.filter((face) => face.offsetTop === faces[0].offsetTop).length);
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.lines(), ArrowDown: this.lines(), Home: -1e9, End: 1e9 };
    const command = event.ctrlKey || event.metaKey;
    if (event.key in steps) {
      const place = Math.max(0, Math.min(this.here + steps[event.key], this.rows.length - 1));
      if (event.shiftKey) this.range(place);
      else this.anchor = place;
      this.focus(place);
    } else if (event.key === " ") {
      this.click(event, this.here);
    } else if (event.key === "Enter" && this.rows.length) {
      this.sorter.tell("look", { row: this.rows[this.here] });
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.sorter.tellSelected("leave_out");
    } else if (event.key === "a" && command) {
      this.all();
    } else return;
    event.preventDefault(); // the page stays where it is
    event.stopPropagation();
  }
}

// ---- one face closely

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
    if (close.problem) body.append(make("p", { class: "face-sorter-problem" }, close.problem));
    else body.append(this.zoom(close), this.crops(close), this.frame(close));
    if (close.problem) body.append(this.crops(close));
    body.append(this.facts(close));
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
    this.back = button("Put back", () => this.draw(this.sorter.model.get("close")), { disabled: true });
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

// ---- all of it

class FaceSorter {
  constructor(model, root) {
    this.model = model;
    root.classList.add("face-sorter");
    // JupyterLab would take the keys of the focused element for its own
    root.dataset.lmSuppressShortcuts = "true";
    this.tabs = make("div", { class: "face-sorter-tabs", role: "tablist", "aria-label": "Which faces" });
    this.bar = make("div", { class: "face-sorter-bar" });
    this.person = make("div", { class: "face-sorter-bar face-sorter-person" });
    this.list = make("div");
    this.closely = make("div", { class: "face-sorter-close", role: "region", "aria-label": "One face closely" });
    this.said = make("div", { class: "face-sorter-said", role: "status" });
    root.append(this.tabs, this.said, this.list, this.closely);
    this.list.append(this.person, this.bar);
    this.makeBar();
    this.faces = new Faces(this, this.list);
    this.closeUp = new CloseUp(this, this.closely);
    this.listeners = {
      tabs: () => this.showTabs(),
      view: () => this.showView(),
      tiles: () => this.showView(),
      close: () => this.showClose(),
      recut: () => this.closeUp.showRecut(model.get("recut")),
      said: () => this.showSaid(),
      failed: () => this.showSaid(),
      can_undo: () => this.showSelected(),
      stale: () => this.showSelected(),
    };
    for (const [name, show] of Object.entries(this.listeners)) model.on(`change:${name}`, show);
    root.addEventListener("keydown", (event) => this.key(event));
    this.showTabs();
    this.showView();
    this.showClose();
    this.showSaid();
  }

  tell(what, message = {}) {
    this.model.send({ do: what, ...message });
  }

  tellSelected(what) {
    const rows = [...this.faces.selected];
    if (!rows.length) return;
    this.faces.selected.clear();
    this.tell(what, { rows });
  }

  makeBar() {
    this.all = button("All of this page", () => this.faces.all());
    this.out = button("Leave out", () => this.tellSelected("leave_out"));
    this.take = button("Take back", () => this.tellSelected("take_back"));
    this.found = button("As found", () => this.tellSelected("as_found"), { title: "Give up what a hand changed" });
    this.look = button("Look closer", () => this.tell("look", { row: this.faces.rows[this.faces.here] }));
    this.undo = button("Undo", () => this.tell("undo"), { title: "Ctrl+Z" });
    this.finish = button("Finish", () => this.tell("finish"), {
      class: "face-sorter-save",
      title: "Write the manifest, so that the later notebooks read these faces",
    });
    this.before = button("\u2039", () => this.turn(-1), { "aria-label": "page before" });
    this.after = button("\u203a", () => this.turn(1), { "aria-label": "next page" });
    this.pages = make("span");
    const turning = make("span", { class: "face-sorter-pages" }, this.before, this.pages, this.after);
    this.bar.append(this.all, this.out, this.take, this.found, this.look, this.undo, this.finish, turning);
  }

  turn(step) {
    const { tab, page } = this.model.get("view");
    this.tell("show", { tab, page: page + step });
  }

  showTabs() {
    const { tab } = this.model.get("view");
    this.urls?.forEach((url) => URL.revokeObjectURL(url));
    this.urls = [];
    const focused = this.tabs.contains(document.activeElement) && document.activeElement.dataset.key;
    const tabs = this.model.get("tabs").map(({ key, name, count, picked, picture }) => {
      const pictures = [];
      if (picture) {
        this.urls.push(address(picture));
        pictures.push(make("img", { src: this.urls.at(-1), alt: "" }));
      }
      const whose = picked ? ` \u2713` : "";
      return button("", () => this.tell("show", { tab: key }), {
        role: "tab",
        "data-key": key,
        class: picture ? "is-person" : false,
        "aria-selected": String(key === tab),
        title: picked ? `taken for ${this.model.get("identity")}` : null,
        tabindex: key === tab ? 0 : -1,
        onkeydown: (event) => this.tabKey(event),
      }).appendChild(make("span", {}, ...pictures, `${name}${whose} `, make("b", {}, String(count)))).parentNode;
    });
    this.tabs.replaceChildren(...tabs);
    if (!this.tabs.querySelector("[tabindex='0']") && tabs.length) tabs[0].tabIndex = 0;
    if (focused) this.tabs.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  tabKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const tabs = [...this.tabs.children];
    tabs[(tabs.indexOf(event.currentTarget) + step + tabs.length) % tabs.length].focus();
  }

  showView() {
    if (this.drawing) return;
    this.drawing = true;
    // the view and its tiles change one after the other
    queueMicrotask(() => {
      this.drawing = false;
      const view = this.model.get("view");
      if (!("faces" in view)) return;
      for (const tab of this.tabs.children) {
        tab.setAttribute("aria-selected", String(tab.dataset.key === String(view.tab)));
        tab.tabIndex = tab.dataset.key === String(view.tab) ? 0 : -1;
      }
      this.pages.textContent = `page ${view.page + 1} of ${view.pages}`;
      this.before.disabled = view.page < 1;
      this.after.disabled = view.page + 1 >= view.pages;
      this.showPerson(view);
      this.faces.draw(view, this.model.get("tiles"), this.model.get("columns"));
    });
  }

  showPerson({ tab }) {
    this.person.replaceChildren();
    if (typeof tab !== "number") return;
    const name = this.model.get("identity");
    const picked = this.model.get("tabs").filter((each) => each.picked).map((each) => each.key);
    this.person.append(
      button(`This is ${name}`, () => this.tell("pick", { people: [tab] }), { class: "face-sorter-save" }),
      ...(picked.length && !picked.includes(tab)
        ? [button(`This is ${name}, too`, () => this.tell("pick", { people: [...picked, tab] }))]
        : []),
      make("span", {}, "Faces of everybody else are left out."),
    );
  }

  showClose() {
    const close = this.model.get("close");
    const open = "row" in close;
    const left = !open && !this.closely.hidden && this.closeUp.row;
    this.closely.hidden = !open;
    this.list.hidden = open;
    this.closeUp.draw(close);
    if (!open && left !== false && left !== undefined && this.faces.rows) {
      this.faces.focus(Math.max(0, this.faces.rows.indexOf(left)));
      this.closeUp.row = undefined;
    }
  }

  showSelected() {
    const count = this.faces?.selected.size || 0;
    for (const each of [this.out, this.take, this.found]) each.disabled = !count;
    this.out.textContent = count ? `Leave out ${count}` : "Leave out";
    this.take.textContent = count ? `Take back ${count}` : "Take back";
    this.look.disabled = !this.faces?.rows?.length;
    this.undo.disabled = !this.model.get("can_undo");
    this.finish.disabled = !this.model.get("stale");
  }

  showSaid() {
    this.said.textContent = this.model.get("said") || "Click faces to select them; double click to look closer.";
    this.said.classList.toggle("is-failed", this.model.get("failed"));
  }

  key(event) {
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.tell("undo");
    else if (event.key === "Escape" && !this.closely.hidden) this.tell("leave");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  remove() {
    for (const [name, show] of Object.entries(this.listeners)) this.model.off(`change:${name}`, show);
    [...(this.urls || []), ...this.closeUp.urls, this.faces.url].forEach((url) => url && URL.revokeObjectURL(url));
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const sorter = new FaceSorter(model, root);
  return () => sorter.remove();
}

export default { render };
