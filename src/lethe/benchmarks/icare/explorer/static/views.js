// What stands beside and instead of the matrix: an open cell, an entity, methods side by side; and the table behind each.
"use strict";

// An element; children may be text, elements or null.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null) node.setAttribute(key, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null));
  return node;
}

// See lethe.benchmarks.icare.verdicts.
const VERDICTS = {
  preserved: "most pictures lie where another seed of the base could put them",
  drifted: "most pictures moved further than another seed, and still resemble nothing more than what was asked for",
  bled: "most pictures resemble the emitter, or what took its place",
  destroyed: "most pictures resemble neither",
};
const cells = (name, values, attributes = {}) => values.map((value) => el(name, attributes, value));
const numbers = (values, write = (value) => shown(value)) => cells("td", values.map(write), { class: "number" });

const NEAR = "300px"; // of the screen: pictures so near are loaded

// A sheet of pictures is loaded when one of its pictures comes near the screen.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) uncover(target);
}, { rootMargin: NEAR });

function uncover(node) {
  seen.unobserve(node);
  node.style.backgroundImage = `url("${node.dataset.sheet}")`;
}

// One picture, cut from a sheet of a run (the base's or a model's), about `side` pixels wide.
function thumb(task, run, receiver, seed, side, text) {
  if (!task.shows(run)) return el("span", { class: "hint", "data-run": run, "data-seed": seed }, "no picture");
  const { columns, width, height, receivers } = task.pictures;
  const scale = width >= side ? side / width : Math.floor(side / width);
  const place = (receiver % receivers) * task.seeds.length + task.seeds.indexOf(seed);
  const [x, y] = [(place % columns) * width * scale, Math.floor(place / columns) * height * scale];
  const sheet = `rows/${run}/${Math.floor(receiver / receivers)}.webp`;
  const node = el("span", { class: "thumb", role: "img", "aria-label": text, title: text, "data-run": run, "data-seed": seed, "data-sheet": sheet });
  Object.assign(node.style, {
    width: `${width * scale}px`,
    height: `${height * scale}px`,
    backgroundPosition: `-${x}px -${y}px`,
    backgroundSize: `${columns * width * scale}px auto`,
    imageRendering: scale > 1 ? "pixelated" : "auto",
  });
  seen.observe(node);
  return node;
}

function swatch(task, metric, value) {
  const node = el("span", { class: "swatch", "aria-hidden": "true" });
  node.style.background = `rgb(${[...task.colour(metric, value)].join(",")})`;
  return node;
}

// --- an open cell -------------------------------------------------------------------------------------------------

function cellTable(task, row, receiver) {
  const rows = [["metric", "unit", "mean_over_seeds", "unchanged", "two_seeds_of_base_low", "two_seeds_of_base_high"]];
  for (const what of task.metrics) {
    const { low = null, high = null } = what.floor ?? {};
    rows.push([what.name, what.unit, row.mean(what.name, receiver), what.unchanged, low, high]);
  }
  return rows;
}

function explained(task, run, on, what) {
  if (!task.shows(run)) return "This run holds no pictures of this model: its numbers come from a published corpus.";
  if (on.metrics.length) { // pictures that were scored here were drawn here
    return `Off: the base. On: the unlearned model. Prompt, seed and initial noise are the same, so what differs comes from unlearning. Below each pair: ${what.title}.`;
  }
  return `Off: the base. On: the unlearned model. Prompt and seed are the same; whether the initial noise is, tables/pairing_${task.name}.csv tells.`;
}

let asked = 0; // so that a slow answer never overwrites a later one

async function showCell(panel, task, { method, metric, emitter, receiver }, close) {
  const mine = ++asked;
  const { label } = task.methods[method];
  const [from, to] = [task.entityName(emitter), task.entityName(receiver)];
  const title = emitter === receiver ? `${label} unlearned ${from}, and was asked for it` : `${label} unlearned ${from} and was asked for ${to}`;
  const head = [
    el("button", { class: "close", onclick: close, "aria-label": "Close this cell" }, "Close (Esc)"),
    el("h2", { id: "cell-title" }, title),
  ];
  if (!task.has(method, emitter)) {
    panel.replaceChildren(...head, el("p", {}, `There is no such model: ${label} did not unlearn ${from} in this run.`));
    return;
  }
  const run = task.run(method, emitter);
  if (![run, task.base].every((one) => lethe.rows.has(one))) panel.replaceChildren(...head, el("p", { role: "status" }, "Loading this row \u2026"));
  let rows;
  try {
    rows = await Promise.all([task.row(run), task.row(task.base)]);
  } catch (error) {
    if (mine === asked) panel.replaceChildren(...head, el("p", { role: "alert" }, `The row of ${from} cannot be read: ${error.message}. ${remedy(task.name)}`));
    return;
  }
  if (mine !== asked) return;
  const [on, off] = rows;
  if (task.asked && !on.drawn(receiver)) {
    panel.replaceChildren(...head, el("p", {}, `This pair was not asked for: this run asked each model for some receivers (${task.asked}).`));
    return;
  }
  const what = task.metrics[metric];
  const means = el("table", {},
    el("caption", {}, `Means over ${task.seeds.length} seeds.`),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "metric"), cells("th", ["mean", "if nothing changed", "healthier"], { scope: "col", class: "number" }),
      el("th", { scope: "col", class: "number" }, "two seeds of the base (95 %)"))),
    el("tbody", {}, task.metrics.map((metric_, place) => el("tr", { "data-metric": metric_.name },
      el("th", { scope: "row" }, metric_.title), numbers([on.mean(metric_.name, receiver), metric_.unchanged], (value) => task.shown(place, value)),
      el("td", { class: "number" }, metric_.higher_is_healthier ? "higher" : "lower"), el("td", { class: "number" }, task.range(place))))));
  const pictures = el("ul", { class: "seeds" }, task.seeds.map((seed) => el("li", { "data-seed": seed },
    el("div", { class: "pair" },
      el("figure", {}, thumb(task, task.base, receiver, seed, 128, `off: the base asked for ${to}, seed ${seed}`), el("figcaption", {}, "off")),
      el("figure", {}, thumb(task, run, receiver, seed, 128, `on: after ${label} unlearned ${from}, asked for ${to}, seed ${seed}`), el("figcaption", {}, "on"))),
    el("div", {}, `seed ${seed}: `, swatch(task, metric, on.value(receiver, seed, what.name)), task.shown(metric, on.value(receiver, seed, what.name))))));
  const single = off.metrics.filter(({ name }) => on.places.has(name));
  const paired = on.metrics.filter(({ name }) => !off.places.has(name));
  const table = el("table", {},
    el("caption", {}, "Every seed in numbers, in three digits; two seeds differ by more than the last one. The CSV file holds all digits."),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "seed"),
      single.flatMap(({ label: text }) => cells("th", [`off: ${text}`, `on: ${text}`], { scope: "col", class: "number" })),
      cells("th", paired.map(({ label: text }) => text), { scope: "col", class: "number" }))),
    el("tbody", {}, task.seeds.map((seed) => el("tr", { "data-seed": seed }, el("th", { scope: "row" }, String(seed)),
      numbers([...single.flatMap(({ name }) => [off.value(receiver, seed, name), on.value(receiver, seed, name)]), ...paired.map(({ name }) => on.value(receiver, seed, name))])))));
  const everySeed = () => {
    const rows = [["seed", ...single.flatMap(({ name }) => [`off_${name}`, `on_${name}`]), ...paired.map(({ name }) => name)]];
    for (const seed of task.seeds) {
      rows.push([seed, ...single.flatMap(({ name }) => [off.value(receiver, seed, name), on.value(receiver, seed, name)]), ...paired.map(({ name }) => on.value(receiver, seed, name))]);
    }
    return rows;
  };
  const verdict = task.verdict(method, emitter, receiver);
  panel.replaceChildren(...head,
    verdict ? el("p", { id: "verdict" }, "Verdict: ", el("strong", {}, verdict), ` (${VERDICTS[verdict]}).`) : "",
    el("p", {}, explained(task, run, on, what)),
    pictures,
    el("h3", {}, "In numbers"), means,
    el("p", {}, el("button", { id: "download-means", onclick: () => download(`cell_${run}_${receiver}.csv`, cellTable(task, on, receiver)) }, "Download the means (CSV)"), " ",
      el("button", { id: "download-seeds", onclick: () => download(`seeds_${run}_${receiver}.csv`, everySeed()) }, "Download every seed (CSV)")),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Every seed in numbers" }, table));
  panel.dataset.shown = [method, emitter, receiver].join();
}

// --- the whole matrix ---------------------------------------------------------------------------------------------

function matrixTable(task, method, metric, order) {
  const rows = [["task", "method", "metric", "emitter", "receiver", "emitter_name", "receiver_name", "value"]];
  for (const emitter of order) {
    for (const receiver of order) {
      const value = task.value(method, metric, emitter, receiver);
      const names = [task.entities[emitter].name, task.entities[receiver].name];
      rows.push([task.name, task.methods[method].name, task.metrics[metric].name, emitter, receiver, ...names, value]);
    }
  }
  return rows;
}

// --- an entity ----------------------------------------------------------------------------------------------------

const LISTED = 10;

function entityRows(task, method, metric, similarity, entity) {
  return task.others(entity).map((other) => ({
    other,
    caused: task.value(method, metric, entity, other),
    suffered: task.value(method, metric, other, entity),
    alike: similarity === null ? NaN : task.similarity(similarity, entity, other),
  }));
}

function showEntity(section, task, { method, metric, similarity, entity }, openCell, openEntity) {
  const what = task.metrics[metric];
  const { label } = task.methods[method];
  const rows = entityRows(task, method, metric, similarity, entity);
  const name = task.entityName(entity);
  const top = (key, score) => rows.filter((row) => !Number.isNaN(row[key])).sort((a, b) => score(b[key]) - score(a[key])).slice(0, LISTED);
  const damage = (value) => task.damage(metric, value);
  const column = (label, ...content) => el("div", { tabindex: "0", role: "group", "aria-label": label }, content); // a narrow screen scrolls it
  const listing = (title, note, key, listed, pair, coloured) => column(title,
    el("h3", {}, title), el("p", { class: "hint" }, note),
    listed.length === 0 ? el("p", {}, "Nothing to show.") : el("table", { "data-list": key },
      el("thead", {}, el("tr", {}, cells("th", ["base", "entity"], { scope: "col" }), el("th", { scope: "col", class: "number" }, coloured ? "value" : "similarity"),
        coloured && task.verdicts ? el("th", { scope: "col" }, "verdict") : null, coloured ? el("th", { scope: "col" }, "noise") : null, el("th", { scope: "col" }, "seeds"))),
      el("tbody", {}, listed.map((row) => el("tr", {},
        el("td", {}, thumb(task, task.base, row.other, task.seeds[0], 32, `the base asked for ${task.entityName(row.other)}`)),
        el("th", { scope: "row" }, el("button", { class: "link", onclick: () => openEntity(row.other) }, task.entityName(row.other))),
        el("td", { class: "number" }, coloured ? swatch(task, metric, row[key]) : null, coloured ? task.shown(metric, row[key]) : shown(row[key])),
        coloured && task.verdicts ? el("td", { class: "verdict" }, task.verdict(method, ...pair(row)) || "\u2013") : null,
        coloured ? el("td", { class: "verdict" }, task.quiet(metric, row[key]) ? "within the noise floor" : "") : null,
        el("td", {}, task.has(method, pair(row)[0]) ? el("button", { class: "link", onclick: () => openCell(...pair(row)) }, "pictures") : "no model"))))));
  const facts = Object.entries(task.entities[entity]).filter(([key]) => key !== "name" && task.attributes.includes(key));
  const summary = el("table", { id: "summary" },
    el("caption", {}, `${what.title}; ${what.higher_is_healthier ? "higher" : "lower"} is healthier, ${shown(what.unchanged)}: nothing changed. Two seeds of the base differ by ${task.range(metric)}.${task.asked ? ` Means are of the pairs that were asked for (${task.asked}), without weights; tables/unlearning_${task.name}.csv estimates all.` : ""}`),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "method"),
      cells("th", ["itself, when unlearned", "others, when it is unlearned (mean)", "itself, when others are unlearned (mean)"], { scope: "col", class: "number" }))),
    el("tbody", {}, task.methods.map((one, place) => {
      const each = entityRows(task, place, metric, similarity, entity);
      return el("tr", { "data-method": one.name }, el("th", { scope: "row" }, one.label),
        numbers([task.value(place, metric, entity, entity), mean(each.map((row) => row.caused)), mean(each.map((row) => row.suffered))], (value) => task.shown(metric, value)));
    })));
  section.replaceChildren(
    el("h2", {}, `${name} (number ${entity} in the tables)`),
    el("div", { class: "pair" }, task.seeds.slice(0, 12).map((seed) => thumb(task, task.base, entity, seed, 64, `the base asked for ${name}, seed ${seed}`))),
    el("div", { class: "columns" },
      column("Metadata", el("h3", {}, "Metadata"), el("table", {}, el("tbody", {}, facts.map(([key, value]) =>
        el("tr", {}, el("th", { scope: "row" }, key.replaceAll("_", " ")), el("td", {}, typeof value === "boolean" ? (value ? "yes" : "no") : value === null ? "\u2013" : typeof value === "number" ? shown(value) : String(value))))))),
      column("As emitter and as receiver", el("h3", {}, "As emitter and as receiver"), summary)),
    el("div", { class: "columns" },
      listing("Most harmed by unlearning it", `${label}; ${what.title}, worst first`, "caused", top("caused", damage), ({ other }) => [entity, other], true),
      listing("Whose unlearning harms it most", `${label}; ${what.title}, worst first`, "suffered", top("suffered", damage), ({ other }) => [other, entity], true),
      listing("Most alike", similarity === null ? "no similarity in this run" : `${task.similarities[similarity].label}, highest first`, "alike", top("alike", (v) => v), ({ other }) => [entity, other], false)));
}

function entityTable(task, { method, metric, similarity, entity }) {
  const kind = similarity === null ? "similarity" : task.similarities[similarity].name;
  const rows = [["entity", "entity_name", "method", "metric", "other", "other_name", "on_other_when_entity_is_unlearned", "on_entity_when_other_is_unlearned", `similarity_${kind}`]];
  if (task.verdicts) rows[0].push("verdict_on_other", "verdict_on_entity");
  for (const row of entityRows(task, method, metric, similarity, entity)) {
    rows.push([entity, task.entities[entity].name, task.methods[method].name, task.metrics[metric].name, row.other, task.entities[row.other].name, row.caused, row.suffered, row.alike]);
    if (task.verdicts) rows.at(-1).push(task.verdict(method, entity, row.other), task.verdict(method, row.other, entity));
  }
  return rows;
}

// --- methods side by side -----------------------------------------------------------------------------------------

const MOST = 100; // receivers that are shown

function showMethods(section, task, { metric, entity, seed }, openCell) {
  const what = task.metrics[metric];
  const shownMethods = [...task.methods.keys()].filter((method) => task.has(method, entity));
  const name = task.entityName(entity);
  const worst = (receiver) => Math.max(...shownMethods.map((method) => task.damage(metric, task.value(method, metric, entity, receiver))));
  const others = task.others(entity).filter((receiver) => !task.asked || shownMethods.some((method) => !Number.isNaN(task.value(method, metric, entity, receiver)))).sort((a, b) => worst(b) - worst(a));
  const beyond = (method) => {
    if (!what.difference || !what.floor) return null; // two seeds of the base differ as pictures, so only differences have a floor to exceed
    const bad = (value) => (what.higher_is_healthier ? value < what.floor.low : value > what.floor.high);
    return others.filter((receiver) => bad(task.value(method, metric, entity, receiver))).length;
  };
  const line = (text, values, write) => el("tr", {}, el("th", { scope: "row" }, text), el("td", {}), cells("td", values.map(write)));
  const absent = [...task.methods.keys()].filter((method) => !shownMethods.includes(method)).map((method) => {
    const there = task.others(entity).filter((other) => task.has(method, other)).map((other) => task.entityName(other));
    return `${task.methods[method].label} has no column: it has no model of ${name} in this run, but of ${there.join(", ")}.`;
  });
  const body = [entity, ...others.slice(0, MOST)].map((receiver) => el("tr", { "data-receiver": receiver },
    el("th", { scope: "row" }, receiver === entity ? `${task.entityName(receiver)} (unlearned)` : task.entityName(receiver)),
    el("td", {}, thumb(task, task.base, receiver, seed, 64, `off: the base asked for ${task.entityName(receiver)}, seed ${seed}`)),
    shownMethods.map((method) => {
      const value = task.value(method, metric, entity, receiver);
      const text = `${task.shown(metric, value)}: ${task.methods[method].label}, ${task.entityName(receiver)}; open every seed`;
      return el("td", {}, el("div", { class: "drawn" },
        thumb(task, task.run(method, entity), receiver, seed, 64, `on: after ${task.methods[method].label} unlearned ${name}, asked for ${task.entityName(receiver)}, seed ${seed}`),
        el("div", {}, swatch(task, metric, value), el("button", { class: "link", "aria-label": text, onclick: () => openCell(entity, receiver, method) }, task.shown(metric, value)),
          [task.verdict(method, entity, receiver), receiver !== entity && task.quiet(metric, value) ? "noise" : ""].map((word) => el("div", { class: "verdict" }, word)))));
    })));
  section.replaceChildren(
    el("h2", {}, `${name} unlearned`),
    absent.length ? el("p", { id: "absent" }, absent.join(" ")) : "",
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Methods side by side, a table" }, el("table", {},
      el("caption", {}, `${what.title}, mean over ${task.seeds.length} seeds; ${what.higher_is_healthier ? "higher" : "lower"} is healthier, ${shown(what.unchanged)}: nothing changed. “noise”: within what two seeds of the base differ, ${task.range(metric)}. Pictures: seed ${seed}.${others.length > MOST ? ` The ${MOST} receivers that are harmed most, of ${others.length}; the CSV file has all.` : ""}`),
      el("thead", {}, el("tr", {}, cells("th", ["asked for", "base (off)"], { scope: "col" }), cells("th", shownMethods.map((method) => task.methods[method].label), { scope: "col" }))),
      el("tbody", {},
        line("others, mean", shownMethods.map((method) => mean(others.map((receiver) => task.value(method, metric, entity, receiver)))), (value) => task.shown(metric, value)),
        what.difference && what.floor ? line(`harmed, of ${others.length} others`, shownMethods.map(beyond), String) : null,
        body))));
}

function methodsTable(task, { metric, entity }) {
  const rows = [["emitter", "emitter_name", "metric", "receiver", "receiver_name", ...task.methods.map(({ name }) => name)]];
  for (let receiver = 0; receiver < task.size; receiver++) {
    const values = task.methods.map((_, method) => task.value(method, metric, entity, receiver));
    rows.push([entity, task.entities[entity].name, task.metrics[metric].name, receiver, task.entities[receiver].name, ...values]);
  }
  return rows;
}
