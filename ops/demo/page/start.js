// Opens each in a window of its own on its half of the screen; without this script they are tabs.
for (const opener of document.querySelectorAll("[data-half]")) {
  opener.addEventListener("click", () => {
    const width = Math.floor(screen.availWidth / 2);
    const left = screen.availLeft + (opener.dataset.half === "right" ? width : 0);
    const name = opener.target || opener.form.target;
    window.open("", name, `popup,left=${left},top=0,width=${width},height=${screen.availHeight}`);
  });
}
