// Shows openapi.json: contents, one card per operation, and a form to try it. The key stays in memory.
"use strict";

let key = "";
const JSON_TYPE = "application/json";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function headers(more = {}) {
  return key ? { "X-API-Key": key, ...more } : more;
}

async function read() {
  const answer = await fetch("/openapi.json", { headers: headers() });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail || content.title);
  return content;
}

async function start() {
  const main = document.getElementById("main");
  try {
    show(await read(), main);
  } catch (error) {
    main.replaceChildren(make("p", { class: "notice bad", role: "status" },
      `${error.message} Enter a key above to see this sidecar's services.`));
    document.getElementById("contents").replaceChildren();
  }
}

function show(api, main) {
  document.getElementById("version").textContent = `version ${api.info.version}`;
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const contents = [];
  const groups = [];
  for (const tag of api.tags) {
    const mine = operations.filter(({ operation }) => operation.tags.includes(tag.name));
    if (!mine.length) continue;
    contents.push(make("h2", {}, tag.name), make("ul", {}, ...mine.map(entry)));
    groups.push(make("section", { class: "group" }, make("h2", {}, title(tag.name)),
      make("p", {}, tag.description), ...mine.map((one, at) => card(api, one, tag.name === "predictions" && at === 0))));
  }
  document.getElementById("contents").replaceChildren(...contents);
  main.replaceChildren(...groups);
  unfold();
}

function title(name) {
  return name[0].toUpperCase() + name.slice(1);
}

function entry({ operation }) {
  return make("li", {}, make("a", { href: `#${operation.operationId}` }, operation.summary.split(",")[0]));
}

function card(api, one, open) {
  const { path, method, operation } = one;
  const body = operation.requestBody?.content[JSON_TYPE]?.schema;
  const inside = make("div", { class: "inside" });
  if (operation.description) inside.append(make("p", {}, operation.description));
  if (body) inside.append(...schemaTables(api, body, "Body", need));
  inside.append(tryForm(api, one, body));
  for (const [status, response] of Object.entries(operation.responses)) {
    const schema = response.content?.[JSON_TYPE]?.schema;
    if (schema && status.startsWith("2")) inside.append(...schemaTables(api, schema, `Answer ${status}`, always));
  }
  inside.append(...parameterTable(api, operation));
  const made = make("details", { class: "operation", id: operation.operationId },
    make("summary", {}, make("span", { class: `method ${method}` }, method.toUpperCase()),
      make("span", { class: "path" }, path), make("span", { class: "summary" }, operation.summary)),
    inside);
  made.open = open;
  return made;
}

function table(head, rows) {
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows)));
}

function need(needed) {
  return make("span", { class: needed ? "needed" : "optional" }, needed ? "needed" : "optional");
}

function always(present) {
  return make("span", { class: "optional" }, present ? "" : "not always");
}

function parameters(api, operation) {
  return operation.parameters.map((one) => Schema.resolve(api, one));
}

function parameterTable(api, operation) {
  const rows = parameters(api, operation).map((one) => make("tr", {},
    make("td", {}, one.name, make("br"), need(one.required)),
    make("td", {}, one.in), make("td", {}, one.description || "", ...valueList(one.schema.enum || []))));
  return rows.length ? [make("h3", {}, "Parameters"), table(["Name", "In", "Meaning"], rows)] : [];
}

function valueList(values) {
  if (!values.length) return [];
  return [make("div", { class: "values" }, ...values.map((value) => make("code", {}, JSON.stringify(value))))];
}

function schemaTables(api, schema, heading, presence) {
  const made = [];
  for (const [name, part] of Schema.parts(api, schema, heading)) {
    made.push(make("h3", {}, name === heading ? heading : `${heading}: ${name}`));
    made.push(table(["Name", "Type", "Meaning"], Schema.rows(api, part).map((row) => make("tr", {},
      make("td", {}, row.name, make("br"), presence(row.needed)),
      make("td", {}, [row.type, row.range].filter(Boolean).join(", "), ...valueList(row.values)),
      make("td", {}, [row.description, row.byDefault].filter(Boolean).join(" "))))));
  }
  return made;
}

function tryForm(api, { path, method, operation }, body) {
  const id = operation.operationId;
  const inPath = parameters(api, operation).filter((one) => one.in !== "header");
  const fields = inPath.map((one) => {
    const field = make("input", { id: `${id}-${one.name}`, name: one.name, spellcheck: "false" });
    if (one.schema.enum?.length === 1) field.value = one.schema.enum[0];
    return { one, field };
  });
  const text = make("textarea", { id: `${id}-body`, spellcheck: "false" });
  if (body) text.value = JSON.stringify(Schema.example(api, body), null, 2);
  text.rows = Math.min(Math.max(text.value.split("\n").length, 3), 24);
  const outcome = make("span", { class: "outcome", role: "status" });
  const shown = make("pre", { hidden: "" });
  const button = make("button", { type: "submit" }, "Send");
  const form = make("form", { class: "try" }, make("h3", {}, "Try it"),
    ...fields.flatMap(({ one, field }) => [make("label", { for: field.id }, one.name), field]),
    ...(body ? [make("label", { for: text.id }, "Body"), text] : []),
    make("div", { class: "row" }, button, outcome), shown);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ path, method, fields, body: body && text.value, button, outcome, shown });
  });
  return form;
}

function address(path, fields) {
  const query = new URLSearchParams();
  let made = path;
  for (const { one, field } of fields) {
    if (one.in === "path") made = made.replace(`{${one.name}}`, encodeURIComponent(field.value));
    else if (field.value) query.set(one.name, field.value);
  }
  return query.size ? `${made}?${query}` : made;
}

async function send({ path, method, fields, body, button, outcome, shown }) {
  const options = { method: method.toUpperCase(), headers: headers() };
  if (body && body.trim()) Object.assign(options, { body, headers: headers({ "Content-Type": JSON_TYPE }) });
  button.disabled = true;
  outcome.className = "outcome";
  outcome.textContent = "Waiting…";
  const began = performance.now();
  try {
    const answer = await fetch(address(path, fields), options);
    const text = await answer.text();
    const ms = Math.round(performance.now() - began);
    outcome.className = `outcome ${answer.ok ? "good" : "bad"}`;
    outcome.textContent = `${answer.status} ${answer.statusText} in ${ms} ms, request ${answer.headers.get("X-Request-ID")}`;
    shown.textContent = readable(text);
    shown.hidden = !text;
  } catch (error) {
    outcome.className = "outcome bad";
    outcome.textContent = `No answer: ${error.message}`;
    shown.hidden = true;
  } finally {
    button.disabled = false;
  }
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function unfold() {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted?.tagName === "DETAILS") {
    wanted.open = true;
    wanted.scrollIntoView();
  }
}

document.getElementById("credential").addEventListener("submit", (event) => {
  event.preventDefault();
  key = document.getElementById("key").value.trim();
  start();
});
window.addEventListener("hashchange", unfold);
start();
