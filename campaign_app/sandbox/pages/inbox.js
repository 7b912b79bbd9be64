const note = document.getElementById("new");
const known = Number(note.dataset.accepted);
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch("/api/log").catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = (await answer.json()).accepted - known;
  note.textContent = fresh > 0 ? `${fresh.toLocaleString("en")} new` : "";
}, 2000);
