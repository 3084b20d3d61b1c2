// What an attribute is compared with, typed as the attribute is.

import { choice, keyOf, make, number, text } from "./dom.js";

const YES_OR_NO = [
    { value: "true", label: "yes" },
    { value: "false", label: "no" },
];

export const oneValue = (editor, filter, type) => {
    const label = "Value";
    if (type === "boolean") {
        const chosen = (value) => {
            filter.value = value === "true";
        };
        const value = typeof filter.value === "boolean" ? String(filter.value) : undefined;
        return choice(editor, filter, "value", YES_OR_NO, { label, value: value ?? "", chosen });
    }
    if (type === "number") {
        return number(editor, filter, "value", { label, min: null, step: "any" });
    }
    const isDay = type === "datetime" && /^(\d{4}-\d\d-\d\d)?$/.test(filter.value ?? "");
    return text(editor, filter, "value", { label, type: isDay ? "date" : "text", placeholder: "value", empty: null });
};

// Each value a capsule of its own, so that a value may hold a comma.
export const manyValues = (editor, filter, type) => {
    const values = Array.isArray(filter.value) ? filter.value : [];
    const capsules = values.map((value, at) => {
        const remove = () => {
            filter.value = values.filter((_, other) => other !== at);
            editor.changed(filter);
            editor.draw(keyOf(filter, "value"));
        };
        return make("button", { type: "button", class: "rs-chip", "aria-label": `Remove ${value}`, on: { click: remove } }, `${value} ×`);
    });
    const input = make("input", {
        class: "rs-in",
        type: type === "number" ? "number" : "text",
        step: "any",
        "aria-label": "Add a value",
        placeholder: values.length ? "another…" : "value, then Enter",
        "data-key": keyOf(filter, "value"),
        "aria-invalid": editor.isWrong(filter, "value") ? "true" : null,
        maxlength: 255,
        autocomplete: "off",
    });
    const add = () => {
        const value = input.value.trim();
        if (value === "") {
            return false;
        }
        filter.value = [...values, type === "number" ? Number(value) : value];
        input.value = "";
        editor.changed(filter);
        return true;
    };
    input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") {
            event.preventDefault();
            if (add()) {
                editor.draw(keyOf(filter, "value"));
            }
        }
    });
    const chips = make("span", { class: "rs-chips" }, capsules, input);
    // What was typed and not confirmed counts all the same.  Only the values are drawn anew: something
    // else was just clicked, and has to stay where it is.
    input.addEventListener("change", () => {
        if (input.value.trim() !== "" && add()) {
            chips.replaceWith(manyValues(editor, filter, type));
        }
    });
    return chips;
};
