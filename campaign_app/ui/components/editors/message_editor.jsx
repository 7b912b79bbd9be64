// The body of a message: TipTap with variable chips. HTML in, HTML out.
import { useRef } from "react";
import { useEditor, EditorContent } from "@tiptap/react";
import { Node } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import Image from "@tiptap/extension-image";
import { Variable, fromEditor, labelsOf, toEditor } from "./variable_chip.js";
import { Toolbar } from "./toolbar.jsx";
import { useCommands, useTwoWay } from "./editing.js";

// A call to action: a paragraph with one link; the frame of the message makes it look like a button.
const Button = Node.create({
  name: "button", group: "block", content: "(text|variable)*", marks: "", defining: true, priority: 50, // after the paragraph, which is what an empty message holds
  addAttributes() {
    return {
      href: { default: "", parseHTML: (el) => el.querySelector("a")?.getAttribute("href") || "" },
      style: { default: null, parseHTML: (el) => el.querySelector("a")?.getAttribute("style") || null },
    };
  },
  parseHTML() { return [{ tag: "p[data-button]", priority: 100, contentElement: (el) => el.querySelector("a") || el }]; },
  renderHTML({ node }) { return ["p", { "data-button": "" }, ["a", { href: node.attrs.href, style: node.attrs.style }, 0]]; },
  addKeyboardShortcuts() {
    return { Enter: () => this.editor.isActive("button") && this.editor.chain().insertContentAt(this.editor.state.selection.$to.after(), { type: "paragraph" }).focus(this.editor.state.selection.$to.after() + 1).run() };
  },
});

const linkRules = { openOnClick: false, isAllowedUri: (url, context) => /^\s*\{\{[^{}]*\}\}/.test(url) || context.defaultValidate(url) };

export function MessageEditor({ editorId, value, revision, variables, label, delay = 300, onChange }) {
  const current = useRef(null);
  const sync = useTwoWay(current, { value, revision, delay, onChange, read: fromEditor,
    write: (editor, html) => editor.commands.setContent(toEditor(html), { emitUpdate: false }) });
  const editor = useEditor({
    immediatelyRender: true,
    extensions: [
      StarterKit.configure({ link: linkRules, codeBlock: false }),
      Image, Button, Variable.configure({ labels: labelsOf(variables) }),
    ],
    content: toEditor(value),
    editorProps: { attributes: { role: "textbox", "aria-multiline": "true", "aria-label": label || "Message", class: "message-editor", id: editorId } },
    onUpdate: () => sync.later(),
    onBlur: () => sync.flush(),
  }, []); // [] : never made again
  current.current = editor;
  useCommands(editor, editorId);
  return <div className="ed-box"><Toolbar editor={editor} variables={variables} /><EditorContent editor={editor} /></div>;
}
