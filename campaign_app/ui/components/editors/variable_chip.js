// A variable inside the text: an atom that travels as {{ expression }}.
import { Node, mergeAttributes, nodeInputRule, nodePasteRule } from "@tiptap/core";

const EXPRESSION = /\{\{\s*([^{}]+?)\s*\}\}/g;
export const nameOf = (expression) => expression.split("|")[0].trim();

export const labelsOf = (variables) => Object.fromEntries((variables || []).map((v) => [v.name, v.label]));

export const Variable = Node.create({
  name: "variable", group: "inline", inline: true, atom: true, selectable: true,
  addOptions() { return { labels: {} }; },
  addAttributes() {
    return { expr: { default: "", parseHTML: (el) => el.getAttribute("data-var"), renderHTML: (a) => ({ "data-var": a.expr }) } };
  },
  parseHTML() { return [{ tag: "span[data-var]" }]; },
  renderHTML({ node, HTMLAttributes }) {
    const label = this.options.labels[nameOf(node.attrs.expr)];
    const look = { class: label ? "var-chip" : "var-chip var-chip-unknown", title: `{{ ${node.attrs.expr} }}` };
    return ["span", mergeAttributes(HTMLAttributes, look), label || node.attrs.expr];
  },
  renderText({ node }) { return `{{ ${node.attrs.expr} }}`; },
  addPasteRules() { return [nodePasteRule({ find: EXPRESSION, type: this.type, getAttributes: (m) => ({ expr: m[1] }) })]; },
  // No capture group: TipTap would keep what stands around it.
  addInputRules() {
    return [nodeInputRule({ find: /\{\{\s*[^{}]+?\s*\}\}$/, type: this.type, getAttributes: (m) => ({ expr: m[0].slice(2, -2).trim() }) })];
  },
});

// Text with {{ x }} -> TipTap nodes.
export function textToNodes(text) {
  const nodes = []; let at = 0;
  const add = (part) => { if (part) nodes.push({ type: "text", text: part }); };
  for (const m of (text || "").matchAll(EXPRESSION)) {
    add(text.slice(at, m.index));
    nodes.push({ type: "variable", attrs: { expr: m[1] } });
    at = m.index + m[0].length;
  }
  add((text || "").slice(at));
  return nodes;
}

// {{ x }} in TEXT nodes only -> <span data-var>; attributes (href="{{ url }}") stay as they are.
export function toEditor(html) {
  const doc = new DOMParser().parseFromString(html || "", "text/html");
  const walk = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT), texts = [];
  while (walk.nextNode()) texts.push(walk.currentNode);
  for (const text of texts) {
    if (!text.data.includes("{{")) continue;
    const fragment = doc.createDocumentFragment(); let at = 0;
    for (const m of text.data.matchAll(EXPRESSION)) {
      const chip = doc.createElement("span");
      chip.setAttribute("data-var", m[1]);
      fragment.append(text.data.slice(at, m.index), chip); at = m.index + m[0].length;
    }
    fragment.append(text.data.slice(at)); text.replaceWith(fragment);
  }
  return doc.body.innerHTML;
}

export function fromEditor(editor) {
  if (editor.isEmpty) return "";
  const doc = new DOMParser().parseFromString(editor.getHTML(), "text/html");
  doc.querySelectorAll("span[data-var]").forEach((chip) => chip.replaceWith(`{{ ${chip.getAttribute("data-var")} }}`));
  return doc.body.innerHTML;
}
