// One line with variable chips (subject, preview text). Text in, text out.
import { useRef } from "react";
import { useEditor, EditorContent } from "@tiptap/react";
import { Extension, Node } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { Variable, labelsOf, textToNodes } from "./variable_chip.js";
import { expressionFor } from "./expressions.js";
import { VariableMenu } from "./variable_menu.jsx";
import { useCommands, useTwoWay } from "./editing.js";

const OneLine = Node.create({ name: "doc", topNode: true, content: "paragraph" });
const NoEnter = Extension.create({ name: "noEnter", addKeyboardShortcuts() { return { Enter: () => true, "Shift-Enter": () => true, "Mod-Enter": () => true }; } });
const OFF = Object.fromEntries(["document", "heading", "bold", "italic", "strike", "underline", "code", "codeBlock", "blockquote", "bulletList",
  "orderedList", "listItem", "listKeymap", "horizontalRule", "hardBreak", "link", "dropcursor", "trailingNode"].map((name) => [name, false]));

const content = (text) => ({ type: "doc", content: [{ type: "paragraph", content: textToNodes(text) }] });
const read = (editor) => editor.getText({ blockSeparator: " " });

export function LineEditor({ editorId, value, revision, variables, label, placeholder, delay = 300, onChange }) {
  const current = useRef(null);
  const sync = useTwoWay(current, { value, revision, delay, onChange, read,
    write: (editor, text) => editor.commands.setContent(content(text), { emitUpdate: false }) });
  const editor = useEditor({
    immediatelyRender: true,
    extensions: [OneLine, StarterKit.configure(OFF), NoEnter, Variable.configure({ labels: labelsOf(variables) })],
    content: content(value),
    editorProps: {
      attributes: { role: "textbox", "aria-label": label, class: "line-editor", id: editorId, "aria-describedby": `${editorId}-note`, "data-placeholder": placeholder || "" },
      handlePaste: (_view, event) => {
        const text = (event.clipboardData?.getData("text/plain") || "").replace(/\s+/g, " ");
        if (text) current.current.chain().insertContent(textToNodes(text)).run();
        return true;
      },
    },
    onUpdate: () => sync.later(),
    onBlur: () => sync.flush(),
  }, []);
  current.current = editor;
  useCommands(editor, editorId);
  return (
    <div className="ed-line-box"><EditorContent editor={editor} className="ed-line-text" />
      <VariableMenu small variables={variables} target={(label || "text").toLowerCase()}
        onInsert={(name, fallback) => editor.chain().focus().insertContent({ type: "variable", attrs: { expr: expressionFor(name, fallback) } }).run()} />
    </div>
  );
}
