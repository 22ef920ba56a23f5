// The live face of an explorer: native controls, one canvas in two layers, one sentence.
// The kernel sends recordings of matplotlib artists; nothing here knows what they mean.

const SIZE = { path: 10, image: 6 };
const REST = 500; // milliseconds without a move

// JupyterLab's shortcuts leave the keyboard to an element that carries this mark itself; on a
// parent it does not help, and a range input loses its arrow keys.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function paint(canvas, { strokes, points, images }, size) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = size.map((side) => Math.round(side * ratio));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, ...size);
  const xy = floats(points);
  let at = 0;
  let shown = 0;
  const trace = (count) => {
    const path = new Path2D();
    let lifted = true;
    for (const end = at + 2 * count; at < end; at += 2) {
      const x = xy[at], y = xy[at + 1];
      if (y !== y) {
        if (x === 1) path.closePath();
        lifted = true;
      } else if (lifted) {
        path.moveTo(x, y);
        lifted = false;
      } else path.lineTo(x, y);
    }
    return path;
  };
  for (const stroke of strokes) {
    const kind = stroke[0];
    const outline = kind === "path" ? trace(stroke[1]) : null;
    const clip = stroke[SIZE[kind] - 1];
    pen.save();
    if (clip) {
      const hole = new Path2D();
      if (clip[0]) hole.rect(...clip[0]);
      else hole.addPath(trace(clip[1]));
      pen.clip(hole);
    }
    if (kind === "path") draw(pen, outline, stroke);
    else image(pen, images[shown++], stroke);
    pen.restore();
  }
}

function draw(pen, outline, [, , fill, line, width, dashes, offset, cap, join]) {
  if (fill) {
    pen.fillStyle = fill;
    pen.fill(outline);
  }
  if (line) {
    Object.assign(pen, { strokeStyle: line, lineWidth: width, lineCap: cap, lineJoin: join });
    pen.setLineDash(dashes);
    pen.lineDashOffset = offset;
    pen.stroke(outline);
  }
}

function image(pen, bytes, [, width, height, left, top]) {
  const sheet = new OffscreenCanvas(width, height);
  const view = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  sheet.getContext("2d").putImageData(new ImageData(view.slice(), width, height), 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(sheet, left, top);
}

function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Each control stands on one of a list of stops; what travels is the stop's number.
function control(spec, chosen) {
  const { name, kind, label, stops } = spec;
  const words = make("output");
  let input;
  if (kind === "choice") {
    input = make("select", OWN_KEYS, ...stops.map((stop, i) => make("option", { value: i }, stop)));
  } else if (kind === "toggle") {
    input = make("input", { type: "checkbox", ...OWN_KEYS });
  } else {
    input = make("input", { type: "range", min: 0, max: stops.length - 1, step: 1, ...OWN_KEYS });
  }
  input.dataset.name = name;
  const place = (at) => {
    if (kind === "toggle") input.checked = at === 1;
    else input.value = at;
    if (kind === "slider") {
      words.textContent = stops[at];
      input.setAttribute("aria-valuetext", stops[at]);
    }
  };
  input.addEventListener("input", () => {
    const at = kind === "toggle" ? Number(input.checked) : Number(input.value);
    place(at);
    chosen(name, at);
  });
  return { row: make("label", {}, make("span", {}, label), input, words), place };
}

function button(text, pressed) {
  const node = make("button", { type: "button", ...OWN_KEYS }, text);
  node.addEventListener("click", pressed);
  return node;
}

// The still face stands above as an output of its own; while this one is alive it is not needed.
function replaceStill(el) {
  const still = el.closest(".jp-OutputArea-child")?.previousElementSibling;
  if (still?.querySelector("img[alt]") && !still.querySelector(".rsi-explorer")) {
    still.style.display = "none";
  }
}

async function copy(text, note) {
  try {
    await navigator.clipboard.writeText(text);
    note.textContent = `Copied: ${text}`;
  } catch {
    note.textContent = text;
  }
}

function render({ model, el }) {
  const size = model.get("size");
  const still = make("canvas", { "aria-hidden": "true" });
  const moving = make("canvas", { role: "img" });
  const sheet = make("div", { class: "rsi-sheet" }, still, moving);
  sheet.style.width = `${size[0]}px`;
  sheet.style.aspectRatio = `${size[0]} / ${size[1]}`;
  const sentence = make("p", { class: "rsi-sentence" });
  const said = make("p", { class: "rsi-said", "aria-live": "polite" });
  const claim = make("p", { class: "rsi-claim", "aria-live": "polite" });
  const note = make("p", { class: "rsi-note", role: "status" });

  const controls = model.get("controls").map((spec) =>
    control(spec, (name, at) => {
      model.set("position", { ...model.get("position"), [name]: at });
      model.save_changes();
    })
  );
  const names = model.get("controls").map((spec) => spec.name);
  const place = () => {
    const position = model.get("position");
    controls.forEach(({ place }, i) => place(position[names[i]]));
  };
  const go = (position) => () => {
    model.set("position", { ...position });
    model.save_changes();
    place();
  };
  const buttons = make("div", { class: "rsi-buttons" });
  if (names.length) {
    buttons.append(
      button("Reset", go(model.get("start"))),
      button("Where it reverses", go(model.get("reversal"))),
      button("Copy as code", () => copy(model.get("frame").code, note))
    );
  }

  const draw = () => {
    const frame = model.get("frame");
    paint(moving, frame, size);
    moving.setAttribute("aria-label", frame.sentence);
    sentence.textContent = frame.sentence;
    if (claim.textContent !== frame.claim) claim.textContent = frame.claim;
    sheet.dataset.frame = Number(sheet.dataset.frame || 0) + 1;
  };
  const all = () => {
    paint(still, model.get("still"), size);
    draw();
  };
  // While it moves, every frame has another sentence; only the one where it comes to rest is said.
  let rest;
  const move = () => {
    draw();
    clearTimeout(rest);
    rest = setTimeout(() => (said.textContent = sentence.textContent), REST);
  };
  model.on("change:frame", move);
  model.on("change:position", place);
  const zoom = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  zoom.addEventListener("change", all);

  el.classList.add("rsi-explorer");
  el.append(
    make("div", { class: "rsi-controls" }, ...controls.map(({ row }) => row)),
    sheet, sentence, said, claim, buttons, note
  );
  // Past many controls it is a long way back by Tab: Escape gives the keys to the notebook's cell.
  el.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") el.closest(".jp-Cell")?.focus();
  });
  place();
  all();
  requestAnimationFrame(() => replaceStill(el));
  return () => {
    clearTimeout(rest);
    model.off("change:frame", move);
    model.off("change:position", place);
    zoom.removeEventListener("change", all);
  };
}

export { paint };
export default { render };
