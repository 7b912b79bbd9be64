// Two-way rule, shared by the TipTap editors: typing goes out after a pause, the server's text comes in only with a new revision.
import { useEffect, useRef } from "react";

export function useTwoWay(editorRef, { value, revision, delay, onChange, read, write }) {
  const timer = useRef(null), callback = useRef(onChange), loaded = useRef(revision);
  callback.current = onChange; // Reflex makes a new function per render
  const send = () => { timer.current = null; callback.current?.(read(editorRef.current)); };
  const later = () => { clearTimeout(timer.current); timer.current = setTimeout(send, delay); };
  const flush = () => { if (timer.current && editorRef.current) { clearTimeout(timer.current); send(); } };
  useEffect(() => () => flush(), []); // leaving the page does not lose the last keys
  useEffect(() => {
    if (!editorRef.current || revision === loaded.current) return;
    loaded.current = revision; clearTimeout(timer.current); timer.current = null;
    write(editorRef.current, value);
  }, [revision, value]);
  return { later, flush };
}

export function useCommands(editor, editorId) {
  useEffect(() => {
    const on = (event) => {
      if (!editor || event.detail.editor !== editorId) return;
      const chain = editor.chain().focus();
      if (event.detail.variable) chain.insertContent({ type: "variable", attrs: { expr: event.detail.variable } }).run();
      else chain.run();
    };
    window.addEventListener("editor:do", on);
    return () => window.removeEventListener("editor:do", on);
  }, [editor, editorId]);
}
