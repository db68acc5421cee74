// Reads JSON Schema: rows for a table, and an example body.
"use strict";

const Schema = {
  resolve(document_, schema) {
    let found = schema;
    while (found && found.$ref) {
      found = found.$ref.slice(2).split("/").reduce((at, step) => at[step], document_);
    }
    return found || {};
  },

  type(document_, schema) {
    if (schema.$ref && !Schema.resolve(document_, schema).enum) {
      return schema.$ref.split("/").pop();
    }
    const plain = Schema.resolve(document_, schema);
    if (plain.enum) return "one of";
    if ("const" in plain) return JSON.stringify(plain.const);
    if (plain.type === "array") return `list of ${Schema.type(document_, plain.items || {})}`;
    const types = [].concat(plain.type || "any");
    return types.join(" or ") + (plain.format === "date-time" ? ", ISO 8601" : "");
  },

  range(plain) {
    const parts = [];
    if ("minimum" in plain && "maximum" in plain) parts.push(`${plain.minimum} to ${plain.maximum}`);
    else if ("minimum" in plain) parts.push(`at least ${plain.minimum}`);
    else if ("maximum" in plain) parts.push(`at most ${plain.maximum}`);
    if (plain.maxItems) parts.push(`at most ${plain.maxItems} entries`);
    if (plain.maxLength) parts.push(`at most ${plain.maxLength} characters`);
    return parts.join(", ");
  },

  rows(document_, schema) {
    const plain = Schema.resolve(document_, schema);
    const needed = plain.required || [];
    return Object.entries(plain.properties || {}).map(([name, value]) => {
      const target = Schema.resolve(document_, value);
      return {
        name,
        needed: needed.includes(name),
        type: Schema.type(document_, value),
        values: target.enum || [],
        range: Schema.range(target),
        description: target.description || "",
        byDefault: "default" in target ? `If left out: ${JSON.stringify(target.default)}.` : "",
      };
    });
  },

  // The schemas that `schema` is made of, itself first, each once: one table for each.
  parts(document_, schema, title, found = new Map()) {
    const name = schema.$ref ? schema.$ref.split("/").pop() : title;
    if (found.has(name)) return found;
    const plain = Schema.resolve(document_, schema);
    if (plain.properties) found.set(name, plain);
    for (const value of Object.values(plain.properties || {})) {
      const inner = value.type === "array" ? value.items : value;
      if (inner && inner.$ref) Schema.parts(document_, inner, title, found);
    }
    return found;
  },

  example(document_, schema) {
    const plain = Schema.resolve(document_, schema);
    if (plain.examples) return plain.examples[0];
    if (plain.enum) return plain.enum[0];
    if (plain.type === "array") return [Schema.example(document_, plain.items || {})];
    if (plain.type === "object") {
      return Object.fromEntries((plain.required || []).map(
        (name) => [name, Schema.example(document_, plain.properties[name])]));
    }
    return { string: "text", integer: 1, number: 1, boolean: true }[[].concat(plain.type)[0]] ?? null;
  },
};
