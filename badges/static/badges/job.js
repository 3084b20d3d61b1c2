"use strict";

// The progress of a job, asked for once a second as long as there is any.
document.addEventListener("DOMContentLoaded", () => {
    const page = document.getElementById("job");
    const address = page && page.dataset.progress;
    if (!address) {
        return;
    }
    const part = (name) => page.querySelector(`[data-${name}]`);
    const show = (job) => {
        const bar = part("bar");
        bar.className = `rs-bar-long rs-${job.tone}`;
        bar.setAttribute("aria-valuenow", job.percent);
        bar.firstElementChild.style.width = `${job.percent}%`;
        const pill = part("pill").firstElementChild;
        pill.className = `rs-pill rs-${job.tone}`;
        pill.textContent = job.stateText;
        part("percent").textContent = job.percent;
        for (const name of ["sentence", "changed", "unchanged", "rejected"]) {
            part(name).textContent = job[name];
        }
    };
    const ask = async () => {
        try {
            const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "error" });
            if (!answer.ok) {
                return;
            }
            const job = await answer.json();
            show(job);
            if (!job.moves) {
                // The page has more to say now: other buttons, and the report.
                window.setTimeout(() => window.location.reload(), 700);
                return;
            }
        } catch {
            // The server may be away for a moment, and somebody who was logged out learns of it
            // with the next click.
        }
        window.setTimeout(ask, 1000);
    };
    window.setTimeout(ask, 1000);
});
