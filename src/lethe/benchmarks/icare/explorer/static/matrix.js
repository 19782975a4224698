// The interference matrix: one canvas, a row per emitter, a column per receiver.
"use strict";

const MARGIN = 8;
const WIDEST = 170; // pixels of a name
const READABLE = 15; // pixels of a cell beside which a name can stand
const ROOMY = 64; // pixels of a column over which a name can stand upright
const LARGE = 300; // entities, from which on cells are dots and names have no room
const [CELL, DOT] = [5, 2]; // pixels of a cell, at least
const LINE = 14;
const FONT = "13px system-ui, 'DejaVu Sans', sans-serif";

class MatrixPlot {
  constructor(canvas) {
    this.canvas = canvas;
  }

  // order: entity at each place; selected: {emitter, receiver}; width: pixels that the matrix may take. Paints everything.
  draw(task, method, metric, order, selected, names, width) {
    Object.assign(this, { task, order });
    const { size } = task;
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const [ink, soft] = ["--ink", "--soft"].map((name) => style.getPropertyValue(name));
    context.font = FONT;
    const widest = names ? Math.min(WIDEST, Math.max(...order.map((e) => context.measureText(task.entityName(e)).width))) : 0;
    this.left = Math.ceil(widest) + 24 + MARGIN;
    const room = Math.floor((width - this.left - MARGIN) / size);
    const least = names ? READABLE : size > LARGE ? DOT : CELL;
    this.cellWidth = Math.max(least, Math.min(120, room));
    this.cellHeight = Math.max(least, Math.min(this.cellWidth, size > 20 ? Math.max(least, Math.floor(700 / size)) : 40));
    this.heads = names && this.cellWidth >= ROOMY ? order.map((entity) => wrapped(context, task.entityName(entity), this.cellWidth - 6)) : null;
    this.top = this.heads ? Math.max(...this.heads.map((lines) => lines.length)) * LINE + 24 + MARGIN : this.left;
    const [across, down] = [this.cellWidth * size, this.cellHeight * size];
    const ratio = window.devicePixelRatio || 1;
    const [whole, height] = [this.left + across + MARGIN, this.top + down + MARGIN];
    this.canvas.width = Math.round(whole * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${whole}px`;
    this.canvas.style.height = `${height}px`;
    context.scale(ratio, ratio);
    this.#cells(context, method, metric);
    context.strokeStyle = ink;
    context.lineWidth = this.cellWidth > 12 ? 1.4 : 0.6;
    for (let place = 0; this.cellWidth >= CELL && place < size; place++) context.strokeRect(...this.corner(place, place), this.cellWidth, this.cellHeight);
    context.fillStyle = ink;
    context.textBaseline = "middle";
    this.#sides(context, across, down);
    if (names) this.#names(context, selected);
    this.#frame(context, order.indexOf(selected.emitter), order.indexOf(selected.receiver), soft);
  }

  corner(row, column) {
    return [this.left + column * this.cellWidth, this.top + row * this.cellHeight];
  }

  // Colours; hatching where a value is within the noise floor; values where they can be read. Each is painted at once: cells may be 10,000.
  #cells(context, method, metric) {
    const { task, order, left, top } = this;
    const { size } = task;
    const grid = lethe.grids.get(task.valuesOf(method, metric));
    const [across, down] = [this.cellWidth * size, this.cellHeight * size];
    const colours = new ImageData(size, size);
    const veil = new ImageData(size, size);
    const texts = [];
    const written = this.cellWidth >= 42 && this.cellHeight >= 20;
    order.forEach((emitter, row) => order.forEach((receiver, column) => {
      const at = 4 * (row * size + column);
      const value = grid.at(emitter * size + receiver);
      const colour = task.colour(metric, value);
      const quiet = emitter !== receiver && task.quiet(metric, value);
      colours.data.set([...colour, 255], at);
      veil.data[at + 3] = quiet ? 255 : 0;
      if (written && !Number.isNaN(value)) texts.push({ value, colour, quiet, place: this.corner(row, column) });
    }));
    context.imageSmoothingEnabled = false;
    context.drawImage(painted(size, size, (paper) => paper.putImageData(colours, 0, 0)), left, top, across, down);
    context.drawImage(painted(across, down, (paper) => {
      paper.imageSmoothingEnabled = false;
      paper.drawImage(painted(size, size, (small) => small.putImageData(veil, 0, 0)), 0, 0, across, down);
      paper.globalCompositeOperation = "source-in";
      paper.fillStyle = hatching(paper);
      paper.fillRect(0, 0, across, down);
    }), left, top);
    this.#values(context, metric, texts);
  }

  #values(context, metric, texts) {
    context.font = FONT;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 5;
    for (const { value, colour, quiet, place: [x, y] } of texts) {
      const at = [this.task.shown(metric, value), x + this.cellWidth / 2, y + this.cellHeight / 2];
      context.strokeStyle = `rgb(${[...colour].join(",")})`;
      if (quiet) context.strokeText(...at); // a halo, so that no line of the hatching crosses a digit
      context.fillStyle = luminance(colour) > 0.18 ? "#111" : "#fff"; // at either end the contrast is 4.5 or more
      context.fillText(...at);
    }
  }

  #sides(context, across, down) {
    context.font = `600 ${FONT}`;
    context.textAlign = "left";
    context.fillText("asked for (receiver) \u2192", this.left, 10);
    context.save();
    context.translate(10, this.top + down / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText("\u2190 unlearned (emitter)", 0, 0);
    context.restore();
  }

  #names(context, selected) {
    const font = (entity, chosen) => { context.font = `${entity === chosen ? "600 " : ""}${FONT}`; };
    this.order.forEach((entity, place) => {
      const [x, y] = this.corner(place, place);
      font(entity, selected.emitter);
      context.textAlign = "right";
      context.fillText(this.task.entityName(entity), this.left - 6, y + this.cellHeight / 2, WIDEST);
      font(entity, selected.receiver);
      if (this.heads) {
        context.textAlign = "center";
        const lines = this.heads[place];
        lines.forEach((line, number) => context.fillText(line, x + this.cellWidth / 2, this.top - 10 - (lines.length - 1 - number) * LINE, this.cellWidth));
        return;
      }
      context.save();
      context.translate(x + this.cellWidth / 2, this.top - 6);
      context.rotate(Math.PI / 2);
      context.textAlign = "right";
      context.fillText(this.task.entityName(entity), 0, 0, WIDEST);
      context.restore();
    });
  }

  #frame(context, row, column) {
    const [x, y] = this.corner(row, column);
    for (const [colour, width] of [["#fff", 5], ["#d81b60", 3]]) { // the second is in no colour scale of the page
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(x - 1, y - 1, this.cellWidth + 2, this.cellHeight + 2);
    }
  }

  // The pair below a mouse event, or null.
  at(event) {
    const column = Math.floor((event.offsetX - this.left) / this.cellWidth);
    const row = Math.floor((event.offsetY - this.top) / this.cellHeight);
    const inside = (place) => place >= 0 && place < this.task.size;
    return inside(row) && inside(column) ? { emitter: this.order[row], receiver: this.order[column] } : null;
  }

  // The pair that lies (rows, columns) away, at the edge the same.
  step({ emitter, receiver }, rows, columns) {
    const to = (entity, by) => this.order[Math.min(this.task.size - 1, Math.max(0, this.order.indexOf(entity) + by))];
    return { emitter: to(emitter, rows), receiver: to(receiver, columns) };
  }
}

// Words of a name in lines of at most so many pixels, where words allow it.
function wrapped(context, name, width) {
  const lines = [];
  for (const word of name.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// A canvas beside the page, painted by a function.
function painted(width, height, paint) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  paint(canvas.getContext("2d"));
  return canvas;
}

// Thin diagonal lines.
function hatching(context) {
  const tile = painted(6, 6, (lines) => {
    lines.strokeStyle = "rgb(90 90 90 / 60%)";
    for (const shift of [-6, 0, 6]) {
      lines.moveTo(shift, 6);
      lines.lineTo(shift + 6, 0);
    }
    lines.stroke();
  });
  return context.createPattern(tile, "repeat");
}

// Relative luminance of a colour, as the Web Content Accessibility Guidelines define it.
function luminance(colour) {
  const [red, green, blue] = [...colour].map((part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// Entities in the order that was asked for: "index", "harm", "attribute:NAME" or "similarity:PLACE".
function ordered(task, order, method, metric) {
  const indices = [...Array(task.size).keys()];
  const [kind, name] = order.split(/:(.*)/s);
  if (kind === "similarity") return task.similarities[Number(name)].order;
  if (kind === "harm") {
    const suffered = indices.map((entity) => mean(task.others(entity).map((emitter) => task.damage(metric, task.value(method, metric, emitter, entity)))));
    const rank = (entity) => (Number.isNaN(suffered[entity]) ? -Infinity : suffered[entity]);
    return indices.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)));
  }
  if (kind === "attribute") {
    const rank = (entity) => task.entities[entity][name];
    return indices.sort((a, b) => {
      const [one, other] = [rank(a), rank(b)];
      if (one === other) return a - b;
      if (one === null || other === null) return one === null ? 1 : -1;
      return typeof one === "string" ? one.localeCompare(other, "en") : Number(one) - Number(other) || a - b;
    });
  }
  return indices;
}
