// Colours of the code editor. They are the page's own, so that they stand out from its ground in light and in dark alike.
import { EditorView } from "@codemirror/view";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

const words = HighlightStyle.define([
  { tag: [tags.tagName, tags.keyword, tags.operatorKeyword], color: "var(--iris-11)" },
  { tag: [tags.attributeName, tags.propertyName, tags.className], color: "var(--blue-11)" },
  { tag: [tags.string, tags.attributeValue, tags.special(tags.string)], color: "var(--green-11)" },
  { tag: [tags.number, tags.bool, tags.unit, tags.color, tags.atom, tags.character], color: "var(--amber-12)" },
  { tag: [tags.comment, tags.meta, tags.documentMeta, tags.angleBracket, tags.bracket], color: "var(--gray-11)" },
  { tag: tags.heading, fontWeight: "600" },
  { tag: tags.link, textDecoration: "underline" },
  { tag: tags.invalid, color: "var(--red-11)" },
]);

const ground = {
  "&": { color: "var(--gray-12)", backgroundColor: "var(--b-card)" },
  ".cm-content": { caretColor: "var(--gray-12)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--gray-12)" },
  ".cm-gutters": { color: "var(--gray-11)", backgroundColor: "var(--gray-2)", borderRight: "1px solid var(--gray-a4)" },
  ".cm-activeLine": { backgroundColor: "var(--gray-a2)" },
  ".cm-activeLineGutter": { color: "var(--gray-12)", backgroundColor: "var(--gray-a3)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--iris-a4)" },
  "&.cm-focused .cm-matchingBracket, .cm-selectionMatch": { backgroundColor: "var(--iris-a3)" },
  ".cm-foldPlaceholder": { color: "var(--gray-11)", backgroundColor: "var(--gray-a3)", border: "0" },
  ".cm-panels": { color: "var(--gray-12)", backgroundColor: "var(--b-panel)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--gray-a4)" },
  ".cm-textfield": { color: "var(--gray-12)", backgroundColor: "transparent", border: "1px solid var(--gray-a6)" },
  ".cm-button": { color: "var(--gray-12)", background: "none", border: "1px solid var(--gray-a6)", borderRadius: "6px" },
  ".cm-tooltip": { color: "var(--gray-12)", backgroundColor: "var(--b-panel)", border: "0", borderRadius: "6px", boxShadow: "var(--b-float-shadow)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--gray-12)", background: "var(--iris-a4)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxHeight: "none" },
  ".cm-completionDetail": { color: "var(--gray-11)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
};

// `dark` chooses CodeMirror's own rules beneath, such as those of its search panel.
export const look = (dark) => [EditorView.theme(ground, { dark }), syntaxHighlighting(words)];
