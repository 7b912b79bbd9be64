// The HTML of a message: CodeMirror with completion of variables after "{{".
import { useEffect, useRef } from "react";
import { basicSetup } from "codemirror";
import { EditorView } from "@codemirror/view";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import { autocompletion } from "@codemirror/autocomplete";
import { html, htmlLanguage } from "@codemirror/lang-html";
import { VariableMenu } from "./variable_menu.jsx";
import { expressionFor } from "./expressions.js";
import { look } from "./code_look.js";

const External = Annotation.define();

// Eats the }} that closeBrackets typed.
function complete(view, option, from, to) {
  const rest = /^\s*\}{0,2}/.exec(view.state.sliceDoc(to, to + 4))[0].length;
  view.dispatch({ changes: { from, to: to + rest, insert: option.label }, selection: { anchor: from + option.label.length } });
}

const completion = (variables) => htmlLanguage.data.of({ autocomplete: (context) => {
  const typed = context.matchBefore(/\{\{\s*\w*/);
  if (!typed) return null;
  const options = variables.current.map((v) => ({ label: `{{ ${v.name} }}`, detail: v.label, type: "variable", apply: complete }));
  return { from: typed.from, options, filter: true };
} });

// Drawn in parts that fit, so that nothing has to be scrolled that the keyboard cannot reach.
const shortList = autocompletion({ maxRenderedOptions: 12 });

function insert(view, text) {
  const { from, to } = view.state.selection.main;
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length } });
  view.focus();
}

export function CodeEditor({ editorId, value, revision, variables, label, dark, delay = 300, onChange }) {
  const box = useRef(null), view = useRef(null), callback = useRef(onChange), loaded = useRef(revision), timer = useRef(null);
  const theme = useRef(new Compartment()), known = useRef(variables || []);
  callback.current = onChange; known.current = variables || [];
  const send = () => { timer.current = null; callback.current?.(view.current.state.doc.toString()); };
  const flush = () => { if (timer.current) { clearTimeout(timer.current); send(); } };
  useEffect(() => {
    view.current = new EditorView({ parent: box.current, state: EditorState.create({ doc: value, extensions: [
      basicSetup, html(), completion(known), shortList, EditorView.lineWrapping, theme.current.of(look(dark)),
      EditorView.contentAttributes.of({ "aria-label": label || "Source code", id: editorId, tabindex: "0" }),
      EditorView.domEventHandlers({ blur: () => { flush(); } }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged || update.transactions.some((t) => t.annotation(External))) return;
        clearTimeout(timer.current); timer.current = setTimeout(send, delay);
      }),
    ] }) });
    return () => { flush(); view.current.destroy(); };
  }, []);
  useEffect(() => { view.current?.dispatch({ effects: theme.current.reconfigure(look(dark)) }); }, [dark]);
  useEffect(() => {
    if (revision === loaded.current) return;
    loaded.current = revision; clearTimeout(timer.current); timer.current = null;
    view.current.dispatch({ changes: { from: 0, to: view.current.state.doc.length, insert: value }, annotations: External.of(true) });
  }, [revision, value]);
  return (
    <div className="ed-box">
      <div className="ed-bar"><span className="b-dense b-muted">HTML with Jinja2 variables. Type {"{{"} for the list.</span><span className="ed-push" />
        <VariableMenu variables={variables} target="message" onInsert={(name, fallback) => insert(view.current, `{{ ${expressionFor(name, fallback)} }}`)} />
      </div>
      <div ref={box} className="code-editor" />
    </div>
  );
}
