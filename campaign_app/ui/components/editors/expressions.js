// How a variable is written in the text.
// `{{ name }}` or, with a text used where it is missing, `{{ name | default("text") }}`.
export function expressionFor(name, fallback) {
  const text = (fallback || "").trim().replaceAll("\\", "").replaceAll('"', "'").replace(/[{}]/g, "");
  return text ? `${name} | default("${text}")` : name;
}
