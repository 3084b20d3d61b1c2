// The form of a condition.  The tree is what the API calls one; the form shows it as sentences and
// writes it into one hidden field, and the server has the last word on it.

import { DrawnForm, keepEnter } from "./form.js";
import { KINDS } from "./kinds.js";
import { rootRows } from "./rows.js";
import { freshGroup, isGroup, locate } from "./tree.js";
import { words } from "./words.js";

const stored = (text) => {
    const found = text ? JSON.parse(text) : { ...freshGroup("all"), conditions: [KINDS.count.fresh()] };
    return isGroup(found) ? found : { ...freshGroup("all"), conditions: [found] };
};

class Editor extends DrawnForm {
    constructor(place) {
        const tree = stored(document.getElementById(place.dataset.field).value);
        super(place, (path) => locate(tree, path));
        this.tree = tree;
        this.sentence = document.getElementById("condition-words");
        this.status = document.getElementById("condition-status");
        this.draw();
        this.write();
        const wrong = place.querySelector(".rs-complaints");
        if (wrong) {
            wrong.scrollIntoView({ block: "center" });
        }
    }

    rows() {
        return rootRows(this);
    }

    write() {
        this.field.value = JSON.stringify(this.tree);
        this.sentence.textContent = `Earned when a member ${words(this.tree)}.`;
    }

    say(text) {
        this.status.textContent = text;
    }
}

const moveByKey = (event) => {
    const key = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const row = event.altKey && key && event.target.closest("[data-condition]");
    const button = row && row.querySelector(`.rs-tools [data-key$=":${key}"]`);
    if (button && !button.disabled) {
        event.preventDefault();
        button.click();
    }
};

const place = document.getElementById("condition-editor");
if (place) {
    new Editor(place);
    keepEnter(place);
    place.addEventListener("keydown", moveByKey);
}
