// The browser's camera: shown as in a mirror, recorded as others see it, and
// sent to Python in pieces while it is filmed. Python answers in `said`.

const PIECE = 1000; // milliseconds of film in a piece
const LARGEST = 2 ** 20; // bytes of a message: servers take 10 times as much
const QUALITY = 8e6; // bits a second
const KINDS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "user" };

const INSTEAD = "Or record outside of the browser: sources.record_camera(folder, seconds).";
const REASONS = {
  NotAllowedError: `The camera was not allowed. Allow it for this page, by the sign beside its address, and try again. VS Code allows it to no notebook: open it in JupyterLab. ${INSTEAD}`,
  NotFoundError: "There is no camera. Plug one in and try again, or upload a clip.",
  NotReadableError: "The camera does not answer. End other programs that use it, and try again.",
};

function inWords(error) {
  return REASONS[error.name] || `The camera does not work: ${error.name}, ${error.message}. ${INSTEAD}`;
}

class BrowserCamera {
  constructor(model, root) {
    this.model = model;
    root.classList.add("browser-camera");
    root.innerHTML = `<video muted autoplay playsinline aria-label="The camera, mirrored"></video>
      <div class="browser-camera-controls">
        <button class="browser-camera-power">Camera on</button>
        <button class="browser-camera-record" disabled>Record</button>
        <output></output>
      </div>
      <div class="browser-camera-said" role="status"></div>`;
    this.video = root.querySelector("video");
    [this.power, this.button] = root.querySelectorAll("button");
    this.clock = root.querySelector("output");
    this.line = root.querySelector(".browser-camera-said");
    this.power.addEventListener("click", () => (this.stream ? this.turnOff() : this.turnOn()));
    this.button.addEventListener("click", () => (this.recorder ? this.stop() : this.record()));
    this.showSaid = this.showSaid.bind(this);
    model.on("change:said", this.showSaid);
    model.on("msg:custom", this.showSaid); // the same said again
    this.showSaid();
  }

  showSaid() {
    this.say(this.model.get("said"));
  }

  say(text) {
    this.line.textContent = text;
  }

  async turnOn() {
    if (!window.isSecureContext || !navigator.mediaDevices) {
      this.say(`A browser gives its camera to secure pages only: https://, or http://localhost. This page is ${location.origin}. ${INSTEAD}`);
      return;
    }
    if (!window.MediaRecorder) {
      this.say(`This browser cannot record. Take a newer one. ${INSTEAD}`);
      return;
    }
    this.power.disabled = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: PICTURE, audio: false });
      // unplugged, or taken back by the user
      this.stream.getVideoTracks()[0].addEventListener("ended", () => this.turnOff());
      this.video.srcObject = this.stream;
      this.power.textContent = "Camera off";
      this.button.disabled = false;
    } catch (error) {
      this.say(inWords(error));
    }
    this.power.disabled = false;
  }

  turnOff() {
    this.stop();
    if (this.stream) this.stream.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
    this.power.textContent = "Camera on";
    this.button.disabled = true;
  }

  record() {
    const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const clip = Math.random().toString(36).slice(2);
    try {
      this.recorder = new MediaRecorder(this.stream, { mimeType: type, videoBitsPerSecond: QUALITY });
    } catch (error) {
      this.say(inWords(error));
      return;
    }
    let number = 0;
    let sent = Promise.resolve(); // pieces go in the order in which they came
    const send = async (film) => {
      const bytes = await film.arrayBuffer();
      for (let start = 0; start < bytes.byteLength; start += LARGEST) {
        const piece = bytes.slice(start, start + LARGEST);
        this.model.send({ kind: "piece", clip, number: number++ }, undefined, [piece]);
      }
    };
    this.recorder.addEventListener("dataavailable", ({ data }) => (sent = sent.then(() => send(data))));
    this.recorder.addEventListener("stop", () => {
      sent = sent.then(() => this.model.send({ kind: "end", clip }));
    });
    this.recorder.addEventListener("error", ({ error }) => this.say(inWords(error)));
    this.model.send({ kind: "start", clip, type: this.recorder.mimeType || type });
    this.recorder.start(PIECE);
    this.started = performance.now();
    this.ticking = setInterval(() => this.tick(), 100);
    this.button.textContent = "Stop";
    this.button.classList.add("is-recording");
    this.say("Recording.");
  }

  tick() {
    const seconds = (performance.now() - this.started) / 1000;
    this.clock.textContent = `${seconds.toFixed(1)} s`;
    if (seconds >= this.model.get("most_seconds")) this.stop();
  }

  stop() {
    if (!this.recorder) return;
    clearInterval(this.ticking);
    this.say("Sent to the kernel; it answers when no other cell is running.");
    if (this.recorder.state !== "inactive") this.recorder.stop();
    this.recorder = null;
    this.button.textContent = "Record";
    this.button.classList.remove("is-recording");
  }

  remove() {
    this.model.off("change:said", this.showSaid);
    this.model.off("msg:custom", this.showSaid);
    this.turnOff();
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const camera = new BrowserCamera(model, root);
  return () => camera.remove();
}

export default { render };
