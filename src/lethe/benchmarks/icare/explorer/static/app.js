// The state of the page, kept in its address: choices, views, keyboard.
"use strict";

const $ = (id) => document.getElementById(id);
const EXPLANATIONS = {
  overview: "",
  matrix: "Each row is an entity that was unlearned, each column an entity that was asked for afterwards. The outlined diagonal is the entity itself, where change is the aim; "
    + "everywhere else change is interference. Choose a cell to see the pictures behind it.",
  entity: "One entity: what it is, what unlearning it does to others, what unlearning others does to it, and who is like it.",
  methods: "One entity unlearned by every method, and what each then draws for every entity asked for, worst first. A good method changes the first row only.",
};
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
let plot, part, task, state; // part: what is shown; task: its pairs, null where the part has none

async function start() {
  plot = new MatrixPlot($("cells"));
  document.title = `Lethe explorer: ${lethe.about.name}`;
  document.querySelector("h1").textContent = document.title;
  listen();
  const wanted = new URLSearchParams(location.hash.slice(1));
  const { tasks, parts } = lethe.about;
  const names = [...tasks, ...parts.map(({ name }) => name)];
  // Only what lies beside the page is offered; the browser's console names the files that are not there.
  await Promise.allSettled([...names.map((name) => `${name}/overview.js`), "links_all.js", "links_demo.js"].map((file) => lethe.load(file)));
  const there = names.filter((name) => lethe.overviews.has(name));
  if (!there.length) {
    say(`No task of this page has data. ${remedy(names[0])}`);
    return;
  }
  const benchmark = (label, entries) => (entries.length ? el("optgroup", { label }, entries.map(([value, text]) => el("option", { value }, text))) : "");
  const offered = (entries) => entries.filter(([name]) => there.includes(name));
  $("task").replaceChildren(benchmark("I-CARE: text to image", offered(tasks.map((name) => [name, name]))),
    ...[...new Set(parts.map((part) => part.benchmark))].map((label) => benchmark(label, offered(parts.filter((part) => part.benchmark === label).map((part) => [part.name, part.label])))));
  $("links").replaceChildren(...lethe.links.map(({ text, address }) => el("a", { href: address }, text)));
  const asked = wanted.get("task"); // a link comes from anybody, and a task is a script that is loaded
  await choose(there.includes(asked) ? asked : there[0], wanted);
  if (names.includes(asked) && !there.includes(asked)) say(`This run holds no data of ${asked}. ${remedy(asked)}`);
  else if (asked !== null && !names.includes(asked)) say(`This page has no task "${asked}". It has: ${there.join(", ")}.`);
  performance.mark("shown"); // the time since the page was opened, for the tests
}

// Load what was chosen and show it: a task of entities with its pairs, or an overview alone.
async function choose(name, wanted = new URLSearchParams()) {
  if (!wanted.size) say("");
  const before = task && { method: task.methods[state.method].name, metric: task.metrics[state.metric].name, view: state.view };
  part = name;
  $("task").value = name;
  task = null;
  if (lethe.about.tasks.includes(name)) {
    await lethe.load(`${name}/data.js`).catch((error) => {
      say(`The pairs of ${name} cannot be read: ${error.message}. ${remedy(name)}`);
    });
    if (part !== name) return; // something else was chosen while this was read
    task = lethe.tasks.get(name) ?? null;
  }
  if (!task) {
    state = { view: "overview" };
    await show();
    return;
  }
  const place = (list, key, otherwise) => {
    const found = list.findIndex((entry) => entry.name === (wanted.get(key) ?? before?.[key]));
    return found < 0 ? Math.max(0, otherwise) : found;
  };
  const entity = (key, otherwise) => (/^\d+$/.test(wanted.get(key) ?? "") && Number(wanted.get(key)) < task.size ? Number(wanted.get(key)) : otherwise);
  const modelled = Math.max(0, task.entities.findIndex((_, index) => task.methods.some((_method, method) => task.has(method, index))));
  state = {
    view: Object.keys(EXPLANATIONS).includes(wanted.get("view")) ? wanted.get("view") : (before?.view ?? "overview"),
    method: place(task.methods, "method", task.methods.findIndex((method) => method.reference !== "unchanged")),
    metric: offeredMetric(place(task.metrics, "metric", 0)),
    similarity: task.similarities.length ? place(task.similarities, "similarity", task.similarities.findIndex((kind) => kind.order)) : null,
    emitter: entity("emitter", modelled),
    receiver: entity("receiver", Math.min(1, task.size - 1)),
    entity: entity("entity", modelled),
    seed: task.seeds.includes(Number(wanted.get("seed"))) ? Number(wanted.get("seed")) : task.seeds[0],
    open: wanted.get("open") === "yes",
    names: task.size <= 40,
    order: "index",
  };
  fill();
  $("names").disabled = task.size > LARGE;
  if ([...$("order").options].some((option) => option.value === wanted.get("order"))) state.order = wanted.get("order");
  await show();
}

// A metric under which no model changes anything is not offered.
function offeredMetric(metric) {
  return task.offered.includes(metric) || !task.offered.length ? metric : task.offered[0];
}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => el("option", { value }, text)));
}

function fill() {
  options($("method"), task.methods.map(({ label }, place) => [place, label]));
  options($("metric"), (task.offered.length ? task.offered : [0]).map((place) => [place, task.metrics[place].label]));
  options($("entity"), task.entities.map((_, index) => [index, `${index} ${task.entityName(index)}`]));
  options($("similarity"), task.similarities.map(({ label }, place) => [place, label]));
  options($("seed"), task.seeds.map((seed) => [seed, seed]));
  const group = (label, entries) => el("optgroup", { label }, entries.map(([value, text]) => el("option", { value }, text)));
  const clustered = task.similarities.flatMap((kind, place) => (kind.order ? [[`similarity:${place}`, `alike by ${kind.label}`]] : []));
  $("order").replaceChildren(el("option", { value: "index" }, "number in the tables"), el("option", { value: "harm" }, "harm, most harmed receiver first"),
    group("what entities are", task.attributes.map((key) => [`attribute:${key}`, key.replaceAll("_", " ")])),
    group("alike entities side by side", clustered));
}

// How a part of the page is made that is not there.
function remedy(name) {
  return `Make it: snakemake -c2 results/${lethe.about.name}/explorer/${name}/overview.js`;
}

function say(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

// --- drawing ------------------------------------------------------------------------------------------------------

let turn = 0; // so that a slow file never overwrites a later choice

// Shows what was chosen; what it needs is loaded before, and a file that is not there is named.
async function show() {
  const mine = ++turn;
  controls();
  remember();
  const files = task ? task.grids(state).filter((name) => !lethe.grids.has(name)) : [];
  waiting(files.length > 0);
  if (files.length) {
    const failed = await Promise.all(files.map((name) => lethe.load(`${name.replace("/", "/grids/")}.js`))).then(() => null, (error) => error);
    if (mine !== turn) return; // something else was chosen while this was read
    waiting(false);
    if (failed) {
      for (const section of SECTIONS) $(section).hidden = true;
      say(`This cannot be shown: ${failed.message}. ${remedy(part)}`);
      failing = true;
      return;
    }
  }
  if (failing) say("");
  failing = false;
  draw();
}

// What is still shown is of the choice before, and pale.
function waiting(yes) {
  $("loading").hidden = !yes;
  if (yes) $("main").setAttribute("aria-busy", "true");
  else $("main").removeAttribute("aria-busy");
}

let failing = false; // whether the message tells of a file that was not there

const SECTIONS = ["overview", "matrix", "entity-view", "methods"];

// Whether the matrix that was chosen is there to be read.
const readable = () => task && !failing && lethe.grids.has(task.valuesOf(state.method, state.metric));

function controls() {
  if (task) for (const key of ["method", "metric", "order", "entity", "similarity", "seed"]) if (state[key] !== null) $(key).value = state[key];
  $("names").checked = Boolean(state.names);
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    tab.setAttribute("aria-selected", tab.dataset.view === state.view);
    tab.tabIndex = tab.dataset.view === state.view ? 0 : -1;
    tab.disabled = !task && tab.dataset.view !== "overview";
  }
  $("main").setAttribute("aria-labelledby", `tab-${state.view}`);
  for (const control of document.querySelectorAll("[data-for]")) control.hidden = !control.dataset.for.split(" ").includes(state.view);
  $("explanation").textContent = EXPLANATIONS[state.view];
}

function draw() {
  for (const section of SECTIONS) $(section).hidden = section !== (state.view === "entity" ? "entity-view" : state.view);
  if (state.view === "overview") showOverview($("overview"), lethe.overviews.get(part), task, openCell);
  if (state.view === "matrix") showMatrix();
  if (state.view === "entity") showEntity($("entity-view"), task, state, openCell, (entity) => change({ entity }));
  if (state.view === "methods") showMethods($("methods"), task, state, openCell);
}

function drawPlot() {
  plot.draw(task, state.method, state.metric, ordered(task, state.order, state.method, state.metric), state, state.names, $("plot").clientWidth - 6);
}

function showMatrix() {
  $("cell").hidden = !state.open;
  drawPlot();
  read(state);
  const what = task.metrics[state.metric];
  const context = $("scale").getContext("2d");
  const image = new ImageData(256, 1);
  for (let i = 0; i < 256; i++) image.data.set([...what.lut.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  context.putImageData(image, 0, 0);
  $("low").textContent = task.shown(state.metric, what.low);
  $("high").textContent = task.shown(state.metric, what.high);
  $("direction").textContent = `${what.title}; ${what.higher_is_healthier ? "higher" : "lower"} is healthier, ${shown(what.unchanged)}: nothing changed. Grey: ${task.grey()}. The ends of the scale hold what lies beyond.${task.asked ? ` Models were asked for some receivers (${task.asked}).` : ""}`;
  $("noise").textContent = what.floor ? `within the noise floor: two seeds of the base differ by ${task.range(state.metric)}` : "this metric has no noise floor, so nothing is hatched";
  const constant = task.metrics.filter((one) => one.constant).map(({ label }) => label);
  $("left-out").textContent = constant.length ? `Not offered, since no model of this task changes it: ${constant.join("; ")}.` : "";
  if (state.open) {
    showCell($("cell"), task, state, closeCell);
  }
}

// One line about a pair, also for a screen reader.
function read({ emitter, receiver }) {
  const value = task.value(state.method, state.metric, emitter, receiver);
  const { label } = task.methods[state.method];
  const what = task.metrics[state.metric];
  const pair = emitter === receiver ? `${label} unlearned ${task.entityName(emitter)}, asked for it` : `${label} unlearned ${task.entityName(emitter)}, asked for ${task.entityName(receiver)}`;
  const verdict = task.verdict(state.method, emitter, receiver);
  const words = `${what.label} ${task.shown(state.metric, value)}${what.unit ? ` (${what.unit})` : ""}; two seeds of the base: ${task.range(state.metric)}${verdict ? `; verdict: ${verdict}` : ""}`;
  $("readout").textContent = Number.isNaN(value) ? `${pair}: ${task.has(state.method, emitter) ? task.grey() : "no model"}.` : `${pair}: ${words}.`;
}

function remember() {
  if (!task) {
    history.replaceState(null, "", `#${new URLSearchParams({ task: part, view: "overview" })}`);
    return;
  }
  const { view, order, emitter, receiver, entity, seed, open } = state;
  const names = { task: task.name, view, method: task.methods[state.method].name, metric: task.metrics[state.metric].name, order, emitter, receiver, entity, seed };
  if (state.similarity !== null) names.similarity = task.similarities[state.similarity].name;
  if (open) names.open = "yes";
  history.replaceState(null, "", `#${new URLSearchParams(names)}`);
}

// --- acting -------------------------------------------------------------------------------------------------------

function change(changes) {
  if (!task) return null; // an overview alone, or pairs that are still being read
  Object.assign(state, changes);
  return show();
}

async function openCell(emitter, receiver, method = state.method, metric = state.metric) {
  await change({ view: "matrix", emitter, receiver, method, metric, open: true });
  $("cells").focus();
}

function closeCell() {
  change({ open: false });
  $("cells").focus();
}

function save() {
  if (state.view !== "overview" && $("main").ariaBusy) return;
  if (state.view === "overview") {
    download(`overview_${part}.csv`, overviewTable(lethe.overviews.get(part).table));
    return;
  }
  const what = `${task.name}_${task.metrics[state.metric].name}`;
  const method = task.methods[state.method].name;
  if (state.view === "matrix") download(`matrix_${what}_${method}.csv`, matrixTable(task, state.method, state.metric, ordered(task, state.order, state.method, state.metric)));
  if (state.view === "entity") download(`entity_${what}_${method}_${state.entity}.csv`, entityTable(task, state));
  if (state.view === "methods") download(`methods_${what}_${state.entity}.csv`, methodsTable(task, state));
}

function listen() {
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("task").addEventListener("change", () => choose($("task").value));
  for (const key of ["method", "metric", "entity", "similarity", "seed"]) $(key).addEventListener("change", () => change({ [key]: Number($(key).value) }));
  $("order").addEventListener("change", () => change({ order: $("order").value }));
  $("names").addEventListener("change", () => change({ names: $("names").checked }));
  $("download").addEventListener("click", save);
  for (const tab of document.querySelectorAll('[role="tab"]')) tab.addEventListener("click", () => change({ view: tab.dataset.view }));
  $("views").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tabs = [...document.querySelectorAll('[role="tab"]:not(:disabled)')];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  const canvas = $("cells");
  canvas.addEventListener("mousemove", (event) => readable() && read(plot.at(event) ?? state));
  canvas.addEventListener("mouseleave", () => readable() && read(state));
  canvas.addEventListener("click", (event) => {
    const pair = readable() && plot.at(event);
    if (pair) change({ ...pair, open: true });
  });
  canvas.addEventListener("keydown", (event) => {
    if (!readable()) return;
    if (KEYS[event.key]) change(plot.step(state, ...KEYS[event.key]));
    else if (event.key === "Enter") change({ open: true });
    else return;
    event.preventDefault();
  });
  const again = () => readable() && state.view === "matrix" && showMatrix();
  window.addEventListener("resize", again);
  const onPaper = (yes) => {
    document.documentElement.classList.toggle("paper", yes);
    if (yes) document.querySelectorAll(".thumb").forEach(uncover);
    if (readable() && state.view === "matrix") drawPlot();
  };
  window.addEventListener("beforeprint", () => onPaper(true));
  window.addEventListener("afterprint", () => onPaper(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  window.addEventListener("hashchange", () => location.reload()); // a link was pasted over the address
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && task && state.view === "matrix" && state.open) closeCell();
  });
}
