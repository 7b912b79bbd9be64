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

  function send(area, file) {
    if (!file || area.dataset.busy) return;
    area.dataset.busy = "true";
    show(area, "");
    const bar = area.querySelector("progress");
    bar.hidden = false;
    bar.value = 0;
    const request = new XMLHttpRequest();
    request.open("POST", `${area.dataset.upload}?filename=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => { bar.value = event.total ? (100 * event.loaded) / event.total : 0; };
    const end = (message) => { delete area.dataset.busy; bar.hidden = true; show(area, message); };
    request.onerror = () => end("The file did not arrive: the connection broke. Nothing was imported. Try again.");
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* an answer that is no JSON has no message for people */ }
      if (request.status < 300 && answer.id) window.location.assign(area.dataset.then + answer.id);
      else end(answer.error?.message || `The server refused the file (${request.status}). Nothing was imported.`);
    };
    request.send(file);
  }

  document.addEventListener("change", (event) => {
    const area = box(event.target);
    if (area && event.target.type === "file") { send(area, event.target.files[0]); event.target.value = ""; }
  });
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      const area = box(event.target);
      if (!area) return;
      event.preventDefault();
      if (kind === "drop") send(area, event.dataTransfer.files[0]);
    });
  }
})();
