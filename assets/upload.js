// Sends a chosen or dropped file as the body of one request, so that the server can stream it to disk.
(() => {
  if (window.beaconUpload) return;
  window.beaconUpload = true;

  const box = (target) => target instanceof Element && target.closest("[data-upload]");

  function show(area, message) {
    const error = area.querySelector(".b-upload-error");
    error.textContent = message;
    error.hidden = !message;
  }

  function post(area, file) {
    const bar = area.querySelector("progress");
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${area.dataset.upload}?filename=${encodeURIComponent(file.name)}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => { bar.value = event.total ? (100 * event.loaded) / event.total : 0; };
      request.onerror = () =>
        resolve({ problem: "The file did not arrive: the connection broke. Nothing of it was kept. Try again." });
      request.onload = () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* an answer that is no JSON has no message for people */ }
        if (request.status < 300 && answer.id) resolve({ id: answer.id });
        else resolve({ problem: answer.error?.message || `The server refused the file (${request.status}). Nothing of it was kept.` });
      };
      request.send(file);
    });
  }

  // One after the other. One file is told as it is, of several those that were refused are named.
  async function send(area, files) {
    if (!files.length || area.dataset.busy) return;
    area.dataset.busy = "true";
    show(area, "");
    const bar = area.querySelector("progress");
    const problems = [];
    let last = null;
    bar.hidden = false;
    for (const file of files) {
      bar.value = 0;
      const { id, problem } = await post(area, file);
      if (problem) problems.push(files.length > 1 ? `${file.name}: ${problem}` : problem);
      else last = id;
    }
    delete area.dataset.busy;
    bar.hidden = true;
    show(area, problems.join(" "));
    if (last === null) return;
    if (area.dataset.done) document.getElementById(area.dataset.done)?.click();
    else window.location.assign(area.dataset.then + last);
  }

  const chosen = (area, list) => (area.querySelector("input").multiple ? [...list] : [...list].slice(0, 1));

  document.addEventListener("change", (event) => {
    const area = box(event.target);
    if (area && event.target.type === "file") { send(area, chosen(area, event.target.files)); event.target.value = ""; }
  });
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      const area = box(event.target);
      if (!area) return;
      event.preventDefault();
      if (kind === "drop") send(area, chosen(area, event.dataTransfer.files));
    });
  }
})();
