// "Variable": search, groups, the previewed contact's values, a text for those who lack it. Client only.
import { useId, useMemo, useRef, useState } from "react";
import { Popover } from "@radix-ui/themes";
import { Braces, ChevronDown, Search } from "lucide-react";

function matching(variables, search) {
  const wanted = search.trim().toLowerCase();
  return (variables || []).filter((v) => !wanted || `${v.label} ${v.name}`.toLowerCase().includes(wanted));
}

function Rows({ id, rows, chosen, onHover, onPick }) {
  let group = null;
  return rows.map((row, index) => {
    const head = row.group !== group ? <li key={`g-${row.group}`} role="presentation" className="var-group">{row.group}</li> : null;
    group = row.group;
    return [head,
      <li key={row.name} id={`${id}-${index}`} role="option" aria-selected={index === chosen} className="var-row"
        onMouseMove={() => onHover(index)} onMouseDown={(e) => e.preventDefault()} onClick={() => onPick(row)}>
        <span className="b-strong">{row.label}</span>
        <span className={row.value ? "var-value" : "var-value var-none"}>{row.value || "empty"}</span>
      </li>];
  });
}

export function VariableMenu({ variables, onInsert, target, small = false }) {
  const id = useId(), list = useRef(null);
  const [open, setOpen] = useState(false), [search, setSearch] = useState(""), [chosen, setChosen] = useState(0), [fallback, setFallback] = useState("");
  const rows = useMemo(() => matching(variables, search), [variables, search]);
  const current = rows[Math.min(chosen, rows.length - 1)];
  const change = (next) => { setOpen(next); if (next) { setSearch(""); setChosen(0); setFallback(""); } };
  const pick = (row) => { if (!row) return; setOpen(false); onInsert(row.name, fallback); };
  const move = (to) => { setChosen(to); list.current?.querySelector(`[id="${id}-${to}"]`)?.scrollIntoView({ block: "nearest" }); };
  const onKeyDown = (e) => {
    if (e.key === "ArrowDown") { e.preventDefault(); move(Math.min(chosen + 1, rows.length - 1)); }
    else if (e.key === "ArrowUp") { e.preventDefault(); move(Math.max(chosen - 1, 0)); }
    else if (e.key === "Enter") { e.preventDefault(); pick(current); }
  };
  return (
    <Popover.Root open={open} onOpenChange={change}>
      <Popover.Trigger>
        {small
          ? <button type="button" className="ed-button" aria-label={`Insert a variable into the ${target}`}><Braces size={16} strokeWidth={1.75} aria-hidden="true" /></button>
          : <button type="button" className="ed-variable"><Braces size={16} strokeWidth={1.75} aria-hidden="true" />Variable<ChevronDown size={14} aria-hidden="true" /></button>}
      </Popover.Trigger>
      <Popover.Content className="b-float var-menu" align="end" size="1" aria-label="Variables" onCloseAutoFocus={(e) => e.preventDefault()}>
        <label className="var-search"><Search size={14} aria-hidden="true" />
          <input value={search} onChange={(e) => { setSearch(e.target.value); setChosen(0); }} onKeyDown={onKeyDown} placeholder="Search variables"
            role="combobox" aria-label="Search variables" aria-expanded="true" aria-controls={`${id}-list`} aria-activedescendant={current ? `${id}-${rows.indexOf(current)}` : undefined} />
        </label>
        <ul id={`${id}-list`} ref={list} role="listbox" aria-label="Variables" className="var-list">
          <Rows id={id} rows={rows} chosen={rows.indexOf(current)} onHover={setChosen} onPick={pick} />
        </ul>
        {rows.length === 0 && <div className="var-foot">No variable matches. Custom attributes come from contacts and imports.</div>}
        {current && <div className="var-foot">
          <label>Used instead where it is missing
            <input value={fallback} onChange={(e) => setFallback(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter") { e.preventDefault(); pick(current); } }} placeholder="for example: there" />
          </label>
        </div>}
      </Popover.Content>
    </Popover.Root>
  );
}
