// The interference matrix: one canvas, a row per emitter, a column per receiver.
"use strict";

const MARGIN = 8;
const WIDEST = 170; // pixels of a name
const READABLE = 15; // pixels of a cell beside which a name can stand

class MatrixPlot {
  constructor(canvas) {
    this.canvas = canvas;
    this.pixels = document.createElement("canvas");
  }

  // order: entity at each place; selected: {emitter, receiver}; returns nothing, paints everything.
  draw(task, method, metric, order, selected, names) {
    Object.assign(this, { task, order });
    const size = task.size;
    const context = this.canvas.getContext("2d");
    const font = "13px system-ui, 'DejaVu Sans', sans-serif";
    context.font = font;
    const widest = names ? Math.min(WIDEST, Math.max(...order.map((e) => context.measureText(task.entityName(e)).width))) : 0;
    this.left = this.top = Math.ceil(widest) + 24 + MARGIN;
    this.cell = Math.max(names ? READABLE : 5, Math.min(44, Math.floor(600 / size)));
    const side = this.cell * size;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.left + side + MARGIN, this.top + side + MARGIN];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    context.scale(ratio, ratio);
    context.font = font;

    this.pixels.width = this.pixels.height = size;
    const image = new ImageData(size, size);
    for (let row = 0, at = 0; row < size; row++) {
      for (let column = 0; column < size; column++, at += 4) {
        image.data.set(task.colour(metric, task.value(method, metric, order[row], order[column])), at);
        image.data[at + 3] = 255;
      }
    }
    this.pixels.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.pixels, this.left, this.top, side, side);

    context.strokeStyle = "#222";
    context.lineWidth = this.cell > 12 ? 1.4 : 0.6;
    for (let place = 0; place < size; place++) {
      context.strokeRect(this.left + place * this.cell, this.top + place * this.cell, this.cell, this.cell);
    }
    context.fillStyle = "#222";
    context.textBaseline = "middle";
    this.#sides(context, side);
    if (names) this.#names(context, selected);
    this.#frame(context, order.indexOf(selected.emitter), order.indexOf(selected.receiver));
  }

  #sides(context, side) {
    context.font = "600 13px system-ui, 'DejaVu Sans', sans-serif";
    context.textAlign = "center";
    context.fillText("asked for (receiver) \u2192", this.left + side / 2, 10);
    context.save();
    context.translate(10, this.top + side / 2);
    context.rotate(-Math.PI / 2);
    context.fillText("\u2190 unlearned (emitter)", 0, 0);
    context.restore();
  }

  #names(context, selected) {
    context.textAlign = "right";
    const name = (entity, chosen) => {
      context.font = `${entity === chosen ? "600 " : ""}13px system-ui, 'DejaVu Sans', sans-serif`;
      context.fillText(this.task.entityName(entity), 0, 0, WIDEST);
    };
    this.order.forEach((entity, place) => {
      context.save();
      context.translate(this.left - 6, this.top + (place + 0.5) * this.cell);
      name(entity, selected.emitter);
      context.restore();
      context.save();
      context.translate(this.left + (place + 0.5) * this.cell, this.top - 6);
      context.rotate(Math.PI / 2);
      name(entity, selected.receiver);
      context.restore();
    });
  }

  #frame(context, row, column) {
    const [x, y] = [this.left + column * this.cell, this.top + row * this.cell];
    context.strokeStyle = "#fff";
    context.lineWidth = 5;
    context.strokeRect(x - 1, y - 1, this.cell + 2, this.cell + 2);
    context.strokeStyle = "#d81b60"; // in no colour scale of the page
    context.lineWidth = 3;
    context.strokeRect(x - 1, y - 1, this.cell + 2, this.cell + 2);
  }

  // The pair below a mouse event, or null.
  at(event) {
    const column = Math.floor((event.offsetX - this.left) / this.cell);
    const row = Math.floor((event.offsetY - this.top) / this.cell);
    const inside = (place) => place >= 0 && place < this.task.size;
    return inside(row) && inside(column) ? { emitter: this.order[row], receiver: this.order[column] } : null;
  }

  // The pair that lies (rows, columns) away, at the edge the same.
  step({ emitter, receiver }, rows, columns) {
    const to = (entity, by) => this.order[Math.min(this.task.size - 1, Math.max(0, this.order.indexOf(entity) + by))];
    return { emitter: to(emitter, rows), receiver: to(receiver, columns) };
  }
}

// Entities in the order that was asked for: "index", "attribute:NAME" or "similarity:PLACE".
function ordered(task, order) {
  const indices = [...Array(task.size).keys()];
  const [kind, name] = order.split(/:(.*)/s);
  if (kind === "similarity") return task.similarities[Number(name)].order;
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
