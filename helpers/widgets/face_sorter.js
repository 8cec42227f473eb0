// The face sorter's page. What a click means is decided by Python: it is told by
// a message (`do`), and sends what is to be seen (`tabs`, `view` with its
// `tiles`, `closely`, `recut`). See face_pages.js.

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
      closely: () => this.showClose(),
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
    const { picture, part } = this.model.get("tabs").find(({ key }) => key === tab) || {};
    if (!picture) return;
    const name = this.model.get("identity");
    const picked = this.model.get("tabs").filter((each) => each.picked).map((each) => each.key);
    this.person.append(
      button(`This is ${name}`, () => this.tell("pick", { people: [tab] }), { class: "face-sorter-save" }),
      ...(picked.length && !picked.includes(tab)
        ? [button(`This is ${name}, too`, () => this.tell("pick", { people: [...picked, tab] }))]
        : []),
      make("span", {}, (part ? "This may be somebody else than the person beside it. " : "")
        + "Faces of everybody else are left out."),
    );
  }

  showClose() {
    const close = this.model.get("closely");
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
