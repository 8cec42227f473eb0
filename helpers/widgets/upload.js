// Files chosen in the browser, sent to Python piece by piece: the next when
// the one before was written. Python tells in `rows` what happened to each.

const PIECE = 2 ** 20; // bytes of a message: servers take 10 times as much

class FootageUpload {
  constructor(model, root) {
    this.model = model;
    root.classList.add("footage-upload");
    root.innerHTML = `<button>Choose photos, videos or a zip</button>
      <input type="file" multiple hidden>
      <progress max="1" value="0" hidden></progress><output></output>
      <table><tbody></tbody></table>
      <div class="footage-upload-said" role="status"></div>`;
    [this.button, this.input] = root.querySelectorAll("button, input");
    this.bar = root.querySelector("progress");
    this.line = root.querySelector("output");
    this.table = root.querySelector("tbody");
    this.said = root.querySelector(".footage-upload-said");
    this.input.accept = ["image/*", "video/*", ...model.get("endings")].join(",");
    this.button.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => this.sendAll([...this.input.files]));
    this.show = this.show.bind(this);
    this.hear = this.hear.bind(this);
    model.on("change:rows", this.show);
    model.on("change:said", this.show);
    model.on("msg:custom", this.hear);
    this.show();
  }

  show() {
    this.table.replaceChildren(
      ...this.model.get("rows").map((row) => {
        const line = document.createElement("tr");
        for (const text of row) line.insertCell().textContent = text;
        return line;
      }),
    );
    this.said.textContent = this.model.get("said");
  }

  // Python's answer to the last message
  hear({ kind, file }) {
    if (file === this.file) this.answered?.(kind === "taken");
  }

  ask(content, buffers) {
    return new Promise((resolve) => {
      this.answered = resolve;
      this.model.send({ ...content, file: this.file }, undefined, buffers);
    });
  }

  async sendAll(files) {
    this.button.disabled = true;
    this.bar.hidden = false;
    for (const file of files) {
      this.file = Math.random().toString(36).slice(2);
      this.line.textContent = `${file.name}: waits until no other cell is running`;
      await this.send(file);
    }
    this.line.textContent = "";
    this.bar.hidden = true;
    this.button.disabled = false;
    this.input.value = ""; // the same file can be chosen again
  }

  async send(file) {
    if (!(await this.ask({ kind: "start", name: file.name }))) return;
    const most = Math.min(file.size, this.model.get("largest") + 1); // Python says that it is too much
    let number = 0;
    for (let start = 0; start < most; start += PIECE) {
      const piece = await this.read(file, start);
      if (!piece.byteLength) break; // Python says that too little came
      if (!(await this.ask({ kind: "piece", number: number++, name: file.name }, [piece]))) return;
      this.bar.value = start / file.size;
      this.line.textContent = `${file.name}: ${Math.round((100 * start) / file.size)} %`;
    }
    await this.ask({ kind: "end", name: file.name, size: file.size });
  }

  // a file that was moved or changed meanwhile reads as nothing
  async read(file, start) {
    try {
      return await file.slice(start, start + PIECE).arrayBuffer();
    } catch (error) {
      return new ArrayBuffer(0);
    }
  }

  remove() {
    this.model.off("change:rows", this.show);
    this.model.off("change:said", this.show);
    this.model.off("msg:custom", this.hear);
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const upload = new FootageUpload(model, root);
  return () => upload.remove();
}

export default { render };
