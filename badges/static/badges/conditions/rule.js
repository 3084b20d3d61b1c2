// The filters of a rule: the same rows as in a condition, for the event chosen above them.

import { make } from "./dom.js";
import { filterRows } from "./filters.js";
import { DrawnForm, keepEnter } from "./form.js";
import { locate } from "./tree.js";

class RuleForm extends DrawnForm {
    constructor(place) {
        const text = document.getElementById(place.dataset.field).value;
        const event = document.getElementById(place.dataset.event);
        const rule = { event: event.value, filters: text ? JSON.parse(text) : [] };
        super(place, (path) => locate(rule, path));
        this.rule = rule;
        event.addEventListener("change", () => {
            this.rule.event = event.value;
            this.draw();
        });
        this.draw();
        this.write();
    }

    rows() {
        return [make("div", { class: "rs-below-leaf", "data-condition": "" }, filterRows(this, this.rule)), this.complaints(this.rule)];
    }

    write() {
        this.field.value = JSON.stringify(this.rule.filters);
    }
}

const place = document.getElementById("rule-filters");
if (place) {
    new RuleForm(place);
    keepEnter(place);
}
