// The map of the latent explorer: a cloud of faces to hover over, click on and
// encircle. Pictures of all faces lie in one atlas, so that hovering asks
// nobody; clicks and lassos are told to Python by `clicked` and `selected`.

const RADIUS = 3; // pixels of a point
const REACH = 12; // pixels around a point that count as on it
const SHOWN = 96; // pixels of the picture beside the pointer

function bytes(view, Type) {
  // a copy: what comes over the wire need not be aligned
  return new Type(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function isInside(x, y, outline) {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [xi, yi] = outline[i];
    const [xj, yj] = outline[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

class LatentMap {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.zoom = { scale: 1, x: 0, y: 0 };
    this.outline = [];
    root.classList.add("latent-map");
    root.innerHTML = `<div class="latent-map-legend"></div>
      <div class="latent-map-cloud">
        <canvas tabindex="0" aria-label="Map of all faces. Click one; drag around several; wheel to zoom; double click for all."></canvas>
        <div class="latent-map-hover" hidden><canvas width="${SHOWN}" height="${SHOWN}"></canvas><span></span></div>
      </div>`;
    this.canvas = root.querySelector("canvas");
    this.legend = root.querySelector(".latent-map-legend");
    this.hover = root.querySelector(".latent-map-hover");
    this.atlas = new Image();
    this.readPoints();
    this.readColors();
    this.readAtlas();
    model.on("change:points", () => this.readPoints());
    model.on("change:colors", () => this.readColors());
    model.on("change:legend", () => this.readColors());
    model.on("change:atlas", () => this.readAtlas());
    model.on("change:clicked", () => this.draw());
    model.on("change:selected", () => this.draw());
    this.canvas.addEventListener("pointerdown", (e) => this.press(e));
    this.canvas.addEventListener("pointermove", (e) => this.move(e));
    this.canvas.addEventListener("pointerup", (e) => this.release(e));
    this.canvas.addEventListener("pointerleave", () => (this.hover.hidden = true));
    this.canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    this.canvas.addEventListener("dblclick", () => this.reset());
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(root);
  }

  readPoints() {
    this.points = bytes(this.model.get("points"), Float32Array); // 0-1, x and y in turn
    this.draw();
  }

  readColors() {
    this.colors = bytes(this.model.get("colors"), Uint8Array); // red, green, blue in turn
    const entries = this.model.get("legend");
    this.legend.replaceChildren(
      ...entries.map(([color, word]) => {
        const entry = document.createElement("span");
        const dot = document.createElement("i");
        dot.style.background = color;
        entry.append(dot, word);
        return entry;
      }),
    );
    this.draw();
  }

  readAtlas() {
    const jpeg = this.model.get("atlas");
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
    this.atlas.src = this.address;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = clientWidth * ratio;
    this.canvas.height = clientHeight * ratio;
    this.draw();
  }

  // where a point is drawn, in CSS pixels
  place(index) {
    const { clientWidth: w, clientHeight: h } = this.canvas;
    const { scale, x, y } = this.zoom;
    return [
      (this.points[2 * index] * scale + x) * (w - 20) + 10,
      (this.points[2 * index + 1] * scale + y) * (h - 20) + 10,
    ];
  }

  draw() {
    if (!this.points || !this.colors) return;
    const ratio = window.devicePixelRatio || 1;
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    const count = this.points.length / 2;
    const chosen = new Set(this.model.get("selected"));
    for (let index = 0; index < count; index++) {
      const [x, y] = this.place(index);
      const [red, green, blue] = this.colors.subarray(3 * index, 3 * index + 3);
      const faint = chosen.size && !chosen.has(index) ? 0.15 : 0.75;
      context.fillStyle = `rgba(${red},${green},${blue},${faint})`;
      context.fillRect(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
    }
    const clicked = this.model.get("clicked");
    if (clicked >= 0 && clicked < count) {
      const [x, y] = this.place(clicked);
      context.strokeStyle = "#22303C";
      context.lineWidth = 2;
      context.strokeRect(x - 7, y - 7, 14, 14);
    }
    if (this.outline.length > 1) {
      context.strokeStyle = "#22303C";
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      context.beginPath();
      this.outline.forEach(([x, y]) => context.lineTo(x, y));
      context.stroke();
      context.setLineDash([]);
    }
  }

  pointer(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  nearest([x, y]) {
    let best = -1;
    let least = REACH * REACH;
    for (let index = 0; index < this.points.length / 2; index++) {
      const [px, py] = this.place(index);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) [best, least] = [index, distance];
    }
    return best;
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.outline = [this.pointer(event)];
  }

  move(event) {
    const here = this.pointer(event);
    if (this.outline.length) {
      this.hover.hidden = true;
      this.outline.push(here);
      this.draw();
      return;
    }
    const index = this.nearest(here);
    this.hover.hidden = index < 0;
    if (index >= 0) this.show(index, here);
  }

  show(index, [x, y]) {
    const size = this.model.get("tile");
    const columns = this.model.get("columns");
    const context = this.hover.querySelector("canvas").getContext("2d");
    const left = (index % columns) * size;
    const top = Math.floor(index / columns) * size;
    context.drawImage(this.atlas, left, top, size, size, 0, 0, SHOWN, SHOWN);
    this.hover.querySelector("span").textContent = this.model.get("captions")[index];
    const flip = x > this.canvas.clientWidth / 2;
    this.hover.style.left = `${flip ? x - SHOWN - 24 : x + 14}px`;
    this.hover.style.top = `${Math.max(0, Math.min(y - SHOWN / 2, this.canvas.clientHeight - SHOWN - 30))}px`;
    this.hover.dataset.index = index;
  }

  release(event) {
    const outline = this.outline;
    this.outline = [];
    if (!outline.length) return;
    const here = this.pointer(event);
    const moved = Math.max(...outline.map(([x, y]) => Math.hypot(x - outline[0][0], y - outline[0][1])));
    if (moved < 4) {
      const index = this.nearest(here);
      if (index >= 0) this.model.set("clicked", index);
      this.model.set("selected", []);
    } else {
      const inside = [];
      for (let index = 0; index < this.points.length / 2; index++) {
        if (isInside(...this.place(index), outline)) inside.push(index);
      }
      this.model.set("selected", inside);
    }
    this.model.save_changes();
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    const [x, y] = this.pointer(event);
    const { clientWidth: w, clientHeight: h } = this.canvas;
    const scale = Math.max(1, Math.min(40, this.zoom.scale * Math.exp(-event.deltaY / 400)));
    const u = (x - 10) / (w - 20);
    const v = (y - 10) / (h - 20);
    const grown = scale / this.zoom.scale;
    this.zoom = { scale, x: u - (u - this.zoom.x) * grown, y: v - (v - this.zoom.y) * grown };
    if (scale === 1) this.zoom = { scale, x: 0, y: 0 };
    this.draw();
  }

  reset() {
    this.zoom = { scale: 1, x: 0, y: 0 };
    this.draw();
  }

  remove() {
    this.observer.disconnect();
    URL.revokeObjectURL(this.address);
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const map = new LatentMap(model, root);
  return () => map.remove();
}

export default { render };
