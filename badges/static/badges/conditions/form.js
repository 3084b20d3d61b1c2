// What a form that draws itself needs: where what is wrong is said, and where the cursor was.

import { make, numberOf } from "./dom.js";
import { read } from "./vocabulary.js";

export class DrawnForm {
    // `locate(path)` is the owner (where to say it), the object and the name of a wrong value.
    constructor(place, locate) {
        this.place = place;
        this.field = document.getElementById(place.dataset.field);
        this.faults = (read("condition-faults") || []).map(({ path, message }) => ({ ...locate(path), message }));
    }

    isWrong(object, name) {
        return this.faults.some((fault) => fault.object === object && fault.name === name);
    }

    complaints(owner) {
        const said = this.faults.filter((fault) => fault.owner === owner).map((fault) => make("p", {}, fault.message));
        return said.length ? make("div", { class: "rs-complaints rs-error", role: "alert", "data-complaints": numberOf(owner) }, said) : null;
    }

    // What was wrong with the object was said about what stood there before.
    changed(object) {
        const about = this.faults.find((fault) => fault.object === object);
        if (about) {
            this.faults = this.faults.filter((fault) => fault.object !== object);
            this.place.querySelectorAll(`[data-key^="${numberOf(object)}:"][aria-invalid]`).forEach((one) => one.removeAttribute("aria-invalid"));
            const shown = this.place.querySelector(`[data-complaints="${numberOf(about.owner)}"]`);
            if (shown && !this.faults.some((fault) => fault.owner === about.owner)) {
                shown.remove();
            }
        }
        this.write();
    }

    // Everything anew, with the cursor where it was, or at the field of the key.
    draw(key) {
        const kept = key || (this.place.contains(document.activeElement) ? document.activeElement.dataset.key : null);
        this.place.replaceChildren(...this.rows().filter(Boolean));
        const field = kept && this.place.querySelector(`[data-key="${kept}"]`);
        if (field) {
            field.focus({ preventScroll: !key });
            if (field.type === "text") {
                field.setSelectionRange(field.value.length, field.value.length);
            }
        }
    }
}

// Enter in a field is no wish to save.
export const keepEnter = (place) =>
    place.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.tagName === "INPUT") {
            event.preventDefault();
        }
    });
