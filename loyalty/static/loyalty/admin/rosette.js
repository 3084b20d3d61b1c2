"use strict";

// A colour field is two inputs that say the same: one to pick, one to type.
document.addEventListener("input", (event) => {
    const input = event.target;
    const text = input.dataset && input.dataset.colorOf && document.getElementById(input.dataset.colorOf);
    if (text) {
        text.value = input.value.toUpperCase();
        text.dispatchEvent(new Event("input", { bubbles: true }));
        return;
    }
    const picker = input.id && document.querySelector(`[data-color-of="${CSS.escape(input.id)}"]`);
    if (picker && /^#[0-9a-f]{6}$/i.test(input.value)) {
        picker.value = input.value.toLowerCase();
    }
});

// A secret that is shown once is copied with one click.
document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-copy]");
    if (!button) {
        return;
    }
    const source = document.getElementById(button.dataset.copy);
    const said = button.querySelector("[data-said]") || button;
    const done = () => {
        said.textContent = "Copied";
    };
    const select = () => {
        window.getSelection().selectAllChildren(source);
        said.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
    };
    if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(source.textContent).then(done, select);
    } else {
        select();
    }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) {
        return;
    }
    if (form.dataset.sent) {
        event.preventDefault();
        return;
    }
    form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
