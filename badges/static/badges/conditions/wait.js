// Asks once a second whether there is a result, and then loads the page that has it.

const page = document.querySelector("[data-waits-for]");

const ask = async () => {
    try {
        const answer = await fetch(page.dataset.waitsFor, { headers: { Accept: "application/json" }, redirect: "error" });
        if (answer.ok && !(await answer.json()).moves) {
            window.location.reload();
            return;
        }
    } catch {
        // The server may be away for a moment.
    }
    window.setTimeout(ask, 1000);
};

if (page) {
    window.setTimeout(ask, 1000);
}
