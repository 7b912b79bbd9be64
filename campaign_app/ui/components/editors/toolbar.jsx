// The buttons over the message. State of the marks comes from the editor, nothing goes to the server.
import { useState } from "react";
import { useEditorState } from "@tiptap/react";
import { Popover } from "@radix-ui/themes";
import { Bold, Heading, Image as ImageIcon, Italic, Link as LinkIcon, List, RectangleHorizontal, Redo2, Undo2 } from "lucide-react";
import { VariableMenu } from "./variable_menu.jsx";
import { expressionFor } from "./expressions.js";

const ICON = { size: 16, strokeWidth: 1.75, "aria-hidden": true };

function Act({ label, icon: Mark, pressed, disabled, onClick }) {
  return <button type="button" className="ed-button" aria-label={label} title={label} aria-pressed={pressed} disabled={disabled}
    onMouseDown={(e) => e.preventDefault()} onClick={onClick}><Mark {...ICON} /></button>;
}

// A button that asks for one or two texts first. An address may be a variable.
function Ask({ label, icon: Mark, pressed, fields, act, values, onDone }) {
  const [open, setOpen] = useState(false), [texts, setTexts] = useState([]);
  const change = (next) => { if (next) setTexts(values()); setOpen(next); };
  const done = (e) => { e.preventDefault(); e.stopPropagation(); setOpen(false); onDone(texts.map((t) => t.trim())); };
  return (
    <Popover.Root open={open} onOpenChange={change}>
      <Popover.Trigger><button type="button" className="ed-button" aria-label={label} title={label} aria-pressed={pressed}><Mark {...ICON} /></button></Popover.Trigger>
      <Popover.Content className="b-float ed-ask" size="1" align="start" aria-label={label} onCloseAutoFocus={(e) => e.preventDefault()}>
        <form onSubmit={done}>
          {fields.map((field, index) => <label key={field.label}>{field.label}
            <input value={texts[index] ?? ""} placeholder={field.placeholder} onChange={(e) => setTexts(texts.map((t, i) => (i === index ? e.target.value : t)))} />
          </label>)}
          <button type="submit" className="ed-act">{act}</button>
        </form>
      </Popover.Content>
    </Popover.Root>
  );
}

const withScheme = (url) => (!url || /^([a-z][a-z0-9+.-]*:|\{\{|#)/i.test(url) ? url : `https://${url}`);

function setLink(editor, [url]) {
  const chain = editor.chain().focus();
  if (!url) return chain.extendMarkRange("link").unsetLink().run();
  if (editor.state.selection.empty && !editor.isActive("link")) {
    return chain.insertContent({ type: "text", text: url, marks: [{ type: "link", attrs: { href: withScheme(url) } }] }).run();
  }
  return chain.extendMarkRange("link").setLink({ href: withScheme(url) }).run();
}

function setButton(editor, [words, url]) {
  if (editor.isActive("button")) return editor.chain().focus().updateAttributes("button", { href: withScheme(url) }).run();
  if (!words || !url) return editor.chain().focus().run();
  return editor.chain().focus().insertContent([{ type: "button", attrs: { href: withScheme(url) }, content: [{ type: "text", text: words }] }, { type: "paragraph" }]).run();
}

const addressField = { label: "Address", placeholder: "https:// or {{ variable }}" };

export function Toolbar({ editor, variables }) {
  const is = useEditorState({ editor, selector: ({ editor: e }) => ({
    heading: e.isActive("heading"), bold: e.isActive("bold"), italic: e.isActive("italic"), list: e.isActive("bulletList"),
    link: e.isActive("link"), button: e.isActive("button"), undo: e.can().undo(), redo: e.can().redo(),
  }) });
  const run = (name, ...args) => () => editor.chain().focus()[name](...args).run();
  return (
    <div className="ed-bar" role="toolbar" aria-label="Formatting">
      <Act label="Heading" icon={Heading} pressed={is.heading} onClick={run("toggleHeading", { level: 2 })} />
      <Act label="Bold" icon={Bold} pressed={is.bold} onClick={run("toggleBold")} />
      <Act label="Italic" icon={Italic} pressed={is.italic} onClick={run("toggleItalic")} />
      <Act label="List" icon={List} pressed={is.list} onClick={run("toggleBulletList")} />
      <Ask label="Link" icon={LinkIcon} pressed={is.link} fields={[addressField]} act="Set link"
        values={() => [editor.getAttributes("link").href || ""]} onDone={(texts) => setLink(editor, texts)} />
      <Ask label="Image" icon={ImageIcon} fields={[addressField, { label: "Words for those who do not see it", placeholder: "A bag of coffee" }]} act="Insert image"
        values={() => ["", ""]} onDone={([src, alt]) => src && editor.chain().focus().setImage({ src: withScheme(src), alt }).run()} />
      <Ask label="Button" icon={RectangleHorizontal} pressed={is.button} fields={[{ label: "Words", placeholder: "Order now" }, addressField]} act={is.button ? "Change address" : "Insert button"}
        values={() => [is.button ? editor.state.selection.$from.parent.textContent : "", editor.getAttributes("button").href || ""]} onDone={(texts) => setButton(editor, texts)} />
      <span className="ed-history"><span className="ed-line" aria-hidden="true" />
        <Act label="Undo" icon={Undo2} disabled={!is.undo} onClick={run("undo")} />
        <Act label="Redo" icon={Redo2} disabled={!is.redo} onClick={run("redo")} />
      </span>
      <span className="ed-push" />
      <VariableMenu variables={variables} target="message"
        onInsert={(name, fallback) => editor.chain().focus().insertContent({ type: "variable", attrs: { expr: expressionFor(name, fallback) } }).run()} />
    </div>
  );
}
