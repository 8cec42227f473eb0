// A page of faces, and what the face sorter's pages are made of. The three files
// face_pages.js, face_close_up.js and face_sorter.js are one script.

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
