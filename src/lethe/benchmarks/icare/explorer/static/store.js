// Data of the page: loads the files beside it, decodes their arrays, writes numbers and CSV.
"use strict";

const lethe = {
  tasks: new Map(),
  overviews: new Map(), // of tasks and of other benchmarks, those whose folder lies beside the page
  links: [],
  rows: new Map(), // "people_000_uce_000" or "people_baseline" -> numbers of every image
  grids: new Map(), // "people/metrics/clip_diff/uce" -> a matrix
  loading: new Map(),

  // Each data file is a script that calls one of these; a page opened by double click may not fetch().
  world(content) {
    this.about = content;
    start();
  },
  overview(name, content) {
    this.overviews.set(name, content);
  },
  link(text, content) {
    this.links.push({ text, ...content });
  },
  task(name, content) {
    this.tasks.set(name, new Task(name, content));
  },
  row(run, content) {
    this.rows.set(run, new Row(content));
  },
  grid(name, content) {
    this.grids.set(name, new Grid(content));
  },

  load(file) {
    if (!this.loading.has(file)) {
      this.loading.set(file, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = file;
        script.onload = () => {
          script.remove(); // what it held is in the maps above
          resolve();
        };
        script.onerror = () => {
          this.loading.delete(file);
          script.remove();
          reject(new Error(`there is no file ${file}`));
        };
        document.head.append(script);
      }));
    }
    return this.loading.get(file);
  },
};

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// Every machine that browsers run on is little-endian, as the files are.
const floats = (base64) => new Float32Array(bytesOf(base64).buffer);

// A matrix whose cells are whole steps above its least value; the largest whole number stands where there is none.
class Grid {
  constructor({ low, step, bytes, cells }) {
    Object.assign(this, { low, step, missing: bytes === 1 ? 255 : 65535 });
    this.cells = bytes === 1 ? bytesOf(cells) : new Uint16Array(bytesOf(cells).buffer);
  }

  at(place) {
    return this.cells[place] === this.missing ? NaN : this.low + this.step * this.cells[place];
  }
}

class Task {
  constructor(name, content) {
    Object.assign(this, content, { name, size: content.entities.length });
    this.nothing = content.missing.match(/[0-9a-f]{2}/gi).map((hex) => parseInt(hex, 16));
    for (const method of this.methods) method.emitters = new Set(method.models);
    this.offered = [...this.metrics.keys()].filter((place) => !this.metrics[place].constant);
    for (const metric of this.metrics) {
      metric.title = metric.unit ? `${metric.label} (${metric.unit})` : metric.label;
      metric.lut = Uint8Array.from(metric.colours.match(/../g), (hex) => parseInt(hex, 16));
    }
  }

  entityName(index) {
    return this.entities[index].name.replaceAll("_", " ");
  }

  // The scripts that hold matrices: of a method by a metric, of its verdicts, of a similarity.
  valuesOf(method, metric) {
    return `${this.name}/metrics/${this.metrics[metric].name}/${this.methods[method].name}`;
  }

  verdictsOf(method) {
    return this.verdicts ? [`${this.name}/verdicts/${this.methods[method].name}`] : [];
  }

  similaritiesOf(kind) {
    return kind === null ? [] : [`${this.name}/similarities/${this.similarities[kind].name}`];
  }

  // What a view needs; places in the lists of methods and metrics.
  grids({ view, method, metric, similarity }) {
    const all = [...this.methods.keys()];
    if (view === "matrix") return [this.valuesOf(method, metric), ...this.verdictsOf(method)];
    if (view === "entity") return [...all.map((one) => this.valuesOf(one, metric)), ...this.verdictsOf(method), ...this.similaritiesOf(similarity)];
    if (view === "methods") return all.flatMap((one) => [this.valuesOf(one, metric), ...this.verdictsOf(one)]);
    return [];
  }

  at(name, one, other) {
    const grid = lethe.grids.get(name);
    return grid === undefined ? NaN : grid.at(one * this.size + other);
  }

  // Value of a pair as exact as its noise; method, metric, emitter and receiver are places in their lists. NaN where there is no model,
  // and where the matrix has not been loaded.
  value(method, metric, emitter, receiver) {
    return this.at(this.valuesOf(method, metric), emitter, receiver);
  }

  // 0: untouched, larger: more damage, whatever the metric.
  damage(metric, value) {
    const what = this.metrics[metric];
    return what.higher_is_healthier ? what.unchanged - value : value - what.unchanged;
  }

  // Whether a value lies where two seeds of the base could put it. What is no difference has a floor on the side of damage only.
  quiet(metric, value) {
    const { floor, difference, higher_is_healthier: up } = this.metrics[metric];
    if (!floor || Number.isNaN(value)) return false;
    return (value >= floor.low || !(up || difference)) && (value <= floor.high || (up && !difference));
  }

  // A value as exact as its noise.
  shown(metric, value) {
    return shown(value, this.metrics[metric].decimals);
  }

  range(metric) {
    const { floor } = this.metrics[metric];
    return floor ? `${this.shown(metric, floor.low)} to ${this.shown(metric, floor.high)}` : "\u2013";
  }

  similarity(kind, one, other) {
    return this.at(this.similaritiesOf(kind)[0], one, other);
  }

  // What became of a receiver in a word; empty where this run has no verdict.
  verdict(method, emitter, receiver) {
    const place = this.verdicts ? this.at(this.verdictsOf(method)[0], emitter, receiver) : NaN;
    return Number.isNaN(place) ? "" : this.verdicts[place];
  }

  colour(metric, value) {
    const what = this.metrics[metric];
    if (Number.isNaN(value)) return this.nothing;
    const place = Math.round(255 * Math.min(1, Math.max(0, (value - what.low) / (what.high - what.low))));
    return what.lut.subarray(3 * place, 3 * place + 3);
  }

  run(method, emitter) {
    const { name, epochs } = this.methods[method];
    return `${this.name}_${String(emitter).padStart(3, "0")}_${name}_${String(epochs).padStart(3, "0")}`;
  }

  // Whether there are pictures of a run; of a published corpus some may lack, or all.
  shows(run) {
    return this.pictures !== null && (this.pictures.runs === undefined || this.pictures.runs.includes(run));
  }

  get base() {
    return `${this.name}_baseline`;
  }

  has(method, emitter) {
    return this.methods[method].emitters.has(emitter);
  }

  // What a grey cell means.
  grey() {
    return this.asked ? "no model, or not asked for" : "no model";
  }

  others(entity) {
    return [...Array(this.size).keys()].filter((other) => other !== entity);
  }

  async row(run) {
    await lethe.load(`rows/${run}/row.js`);
    return lethe.rows.get(run);
  }
}

// The numbers of a model, or of the base.
class Row {
  constructor(content) {
    Object.assign(this, content);
    this.values = floats(content.values);
    this.places = new Map(content.metrics.map((metric, place) => [metric.name, place]));
    if (content.means) {
      this.pairs = floats(content.means.values);
      this.pairPlaces = new Map(content.means.metrics.map((name, place) => [name, place]));
      this.size = this.pairs.length / content.means.metrics.length;
    }
  }

  // The mean over the seeds of a receiver, as exact as the files hold it.
  mean(metric, receiver) {
    return this.pairPlaces.has(metric) ? this.pairs[this.pairPlaces.get(metric) * this.size + receiver] : NaN;
  }

  // Whether the model was asked for a receiver; where a task asks for some of them, the others have no value.
  drawn(receiver) {
    return this.means.metrics.some((metric) => !Number.isNaN(this.mean(metric, receiver)));
  }

  value(receiver, seed, metric) {
    if (!this.places.has(metric)) return NaN;
    return this.values[(receiver * this.seeds.length + this.seeds.indexOf(seed)) * this.metrics.length + this.places.get(metric)];
  }
}

// With so many decimals, else three significant digits; a real minus sign, no minus zero, a dash where there is nothing.
function shown(value, decimals = null) {
  if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
  const text = decimals === null ? String(Number(value.toPrecision(3))) : value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replaceAll("-", "\u2212");
}

function mean(values) {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : NaN;
}

// Rows of plain values; the float32 numbers keep the nine digits that tell them apart. Text that a spreadsheet would take for a formula is
// marked as text by an apostrophe (OWASP, CSV injection); numbers stay numbers.
function csv(rows) {
  const field = (value) => {
    if (typeof value === "number") return Number.isNaN(value) ? "" : String(Number.isInteger(value) ? value : Number(value.toPrecision(9)));
    const plain = value === null || value === undefined ? "" : String(value);
    const text = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(plain) ? `'${plain}` : plain;
    return /[",\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(field).join(",") + "\n").join("");
}

function download(name, rows) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
