// Data of the page: loads the files beside it, decodes their arrays, writes numbers and CSV.
"use strict";

const lethe = {
  tasks: new Map(),
  overviews: new Map(), // of tasks and of other benchmarks, those whose folder lies beside the page
  links: [],
  seeds: new Map(), // "people/people_000_uce_000" or "people/baseline" -> numbers of every image
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
  numbers(run, content) {
    this.seeds.set(run, new Seeds(content));
  },

  load(file) {
    if (!this.loading.has(file)) {
      this.loading.set(file, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = file;
        script.onload = resolve;
        script.onerror = () => {
          this.loading.delete(file);
          reject(new Error(`there is no file ${file}`));
        };
        document.head.append(script);
      }));
    }
    return this.loading.get(file);
  },
};

function floats(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer); // every machine that browsers run on is little-endian, as the files are
}

class Task {
  constructor(name, content) {
    Object.assign(this, content, { name, size: content.entities.length });
    this.values = floats(content.values);
    this.alike = floats(content.alike);
    this.verdictPlaces = content.verdicts ? floats(content.verdicts.values) : null;
    this.offered = [...this.metrics.keys()].filter((place) => !this.metrics[place].constant);
    for (const metric of this.metrics) {
      metric.title = metric.unit ? `${metric.label} (${metric.unit})` : metric.label;
      metric.lut = Uint8Array.from(metric.colours.match(/../g), (hex) => parseInt(hex, 16));
    }
  }

  entityName(index) {
    return this.entities[index].name.replaceAll("_", " ");
  }

  // Value of a pair; method, metric, emitter and receiver are places in their lists. NaN where there is no model.
  value(method, metric, emitter, receiver) {
    return this.values[((method * this.metrics.length + metric) * this.size + emitter) * this.size + receiver];
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
    return this.alike[(kind * this.size + one) * this.size + other];
  }

  // What became of a receiver in a word; empty where this run has no verdict.
  verdict(method, emitter, receiver) {
    const place = this.verdictPlaces ? this.verdictPlaces[(method * this.size + emitter) * this.size + receiver] : NaN;
    return Number.isNaN(place) ? "" : this.verdicts.words[place];
  }

  colour(metric, value) {
    const what = this.metrics[metric];
    if (Number.isNaN(value)) return [0, 1, 2].map((i) => parseInt(this.missing.slice(1 + 2 * i, 3 + 2 * i), 16));
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

  has(method, emitter) {
    return !Number.isNaN(this.value(method, 0, emitter, emitter)) || this.others(emitter).some((r) => !Number.isNaN(this.value(method, 0, emitter, r)));
  }

  // Whether a model was asked for a receiver; where a task asks for some of them, the others have no value.
  drawn(method, emitter, receiver) {
    return this.metrics.some((_, metric) => !Number.isNaN(this.value(method, metric, emitter, receiver)));
  }

  // What a grey cell means.
  grey() {
    return this.asked ? "no model, or not asked for" : "no model";
  }

  others(entity) {
    return [...Array(this.size).keys()].filter((other) => other !== entity);
  }

  async numbers(run) {
    await lethe.load(`${this.name}/numbers/${run}.js`);
    return lethe.seeds.get(`${this.name}/${run}`);
  }
}

class Seeds {
  constructor(content) {
    Object.assign(this, content);
    this.values = floats(content.values);
    this.places = new Map(content.metrics.map((metric, place) => [metric.name, place]));
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
