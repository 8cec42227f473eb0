// Two pictures on top of each other and a handle that parts them: left of it
// what was before, right of it what is after. Nothing is asked of Python; it
// is told where the handle stands (`position`, percent) and which frame is
// shown (`frame`).

const STEP = 1; // percent that an arrow key moves the handle
const LEAP = 10; // and a page key
const NARROWEST = 420; // pixels: smaller pictures are shown enlarged

class BeforeAfter {
  constructor(model, root) {
    this.model = model;
    root.classList.add("before-after");
    root.innerHTML = `<div class="before-after-pictures">
        <img draggable="false"><span class="before-after-caption is-before"></span>
        <div class="before-after-after">
          <img draggable="false"><span class="before-after-caption is-after"></span>
        </div>
        <div class="before-after-handle" role="slider" tabindex="0" aria-label="Border between before and after"
          aria-orientation="horizontal" aria-valuemin="0" aria-valuemax="100"></div>
      </div>
      <label class="before-after-frame">frame <input type="range" min="0" step="1"><output></output></label>`;
    this.pictures = root.querySelector(".before-after-pictures");
    this.images = root.querySelectorAll("img");
    this.cover = root.querySelector(".before-after-after");
    this.handle = root.querySelector(".before-after-handle");
    this.input = root.querySelector("input");
    this.output = root.querySelector("output");
    // JupyterLab would take the arrow keys of the focused element for its own
    for (const slider of [this.handle, this.input]) slider.dataset.lmSuppressShortcuts = "true";
    this.readPictures();
    this.showPosition = this.showPosition.bind(this);
    this.showFrame = this.showFrame.bind(this);
    model.on("change:position", this.showPosition);
    model.on("change:frame", this.showFrame);
    this.showPosition();
    this.showFrame();
    this.pictures.addEventListener("pointerdown", (e) => this.press(e));
    this.pictures.addEventListener("pointermove", (e) => this.drag(e));
    this.pictures.addEventListener("lostpointercapture", () => model.save_changes());
    this.handle.addEventListener("keydown", (e) => this.key(e));
    this.input.addEventListener("input", () => {
      model.set("frame", Number(this.input.value));
      model.save_changes();
    });
  }

  readPictures() {
    const address = (jpeg) => URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
    this.addresses = ["before", "after"].map((side) => this.model.get(side).map(address));
    this.model.get("captions").forEach((caption, side) => {
      this.images[side].alt = caption;
      this.pictures.querySelectorAll(".before-after-caption")[side].textContent = caption;
    });
    const count = this.addresses[0].length;
    this.input.max = count - 1;
    this.input.closest("label").hidden = count < 2;
    this.images[0].addEventListener("load", () => {
      const wide = Math.max(this.images[0].naturalWidth, NARROWEST);
      this.pictures.parentElement.style.maxWidth = `${wide}px`;
    });
  }

  showPosition() {
    const position = this.model.get("position");
    this.cover.style.clipPath = `inset(0 0 0 ${position}%)`;
    this.handle.style.left = `${position}%`;
    this.handle.setAttribute("aria-valuenow", Math.round(position));
    const [before, after] = this.model.get("captions");
    const shares = `${Math.round(position)} % ${before}, ${Math.round(100 - position)} % ${after}`;
    this.handle.setAttribute("aria-valuetext", shares);
  }

  showFrame() {
    const count = this.addresses[0].length;
    const frame = Math.min(this.model.get("frame"), count - 1);
    this.images.forEach((image, side) => (image.src = this.addresses[side][frame]));
    this.input.value = frame;
    this.output.textContent = `${frame + 1} of ${count}`;
  }

  move(position) {
    this.model.set("position", Math.max(0, Math.min(100, position)));
  }

  press(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // no text is selected
    this.handle.focus({ preventScroll: true });
    this.pictures.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  drag(event) {
    if (!this.pictures.hasPointerCapture(event.pointerId)) return;
    const box = this.pictures.getBoundingClientRect();
    this.move(((event.clientX - box.left) / box.width) * 100);
  }

  key(event) {
    const position = this.model.get("position");
    const places = {
      ArrowLeft: position - STEP,
      ArrowDown: position - STEP,
      ArrowRight: position + STEP,
      ArrowUp: position + STEP,
      PageDown: position - LEAP,
      PageUp: position + LEAP,
      Home: 0,
      End: 100,
    };
    if (!(event.key in places)) return;
    event.preventDefault(); // the page stays where it is
    this.move(places[event.key]);
    this.model.save_changes();
  }

  remove() {
    this.model.off("change:position", this.showPosition);
    this.model.off("change:frame", this.showFrame);
    this.addresses.flat().forEach((address) => URL.revokeObjectURL(address));
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const slider = new BeforeAfter(model, root);
  return () => slider.remove();
}

export default { render };
