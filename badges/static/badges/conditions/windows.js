// When: any time, within so many days, in one calendar month, or between two dates.

import { choice, keyOf, number, text } from "./dom.js";

const WHEN = [
    { value: "", label: "any time" },
    { value: "rolling", label: "within any" },
    { value: "calendar", label: "in one calendar" },
    { value: "between", label: "between" },
];
const UNITS = [
    { value: "days", label: "days" },
    { value: "hours", label: "hours" },
];
const PERIODS = ["day", "week", "month", "year"].map((value) => ({ value, label: value }));
const CLOCKS = [
    { value: "member", label: "on the member's clock" },
    { value: "store", label: "on the store's clock" },
];

const FRESH = {
    rolling: () => ({ type: "rolling", days: 30 }),
    calendar: () => ({ type: "calendar", period: "month", zone: "member" }),
    between: () => ({ type: "between", from: "", to: "" }),
};

export const clock = (editor, object) => choice(editor, object, "zone", CLOCKS, { label: "Whose clock", value: object.zone || "member" });

const rolling = (editor, window) => {
    const unit = "hours" in window ? "hours" : "days";
    const chosen = (other) => {
        const value = window[unit];
        delete window[unit];
        window[other] = value;
    };
    return [
        number(editor, window, unit, { label: `How many ${unit}` }),
        choice(editor, window, "unit", UNITS, { label: "Unit", value: unit, chosen, redraw: true }),
    ];
};

const moment = (editor, window, name, label) => text(editor, window, name, { label, type: "datetime-local", wide: true });

export const windowFields = (editor, node) => {
    const chosen = (type) => {
        if (type) {
            node.window = FRESH[type]();
        } else {
            delete node.window;
        }
    };
    const window = node.window;
    const fields = [choice(editor, node, "window", WHEN, { label: "When", value: window ? window.type : "", chosen, redraw: true })];
    if (window && window.type === "rolling") {
        fields.push(...rolling(editor, window));
    } else if (window && window.type === "calendar") {
        fields.push(choice(editor, window, "period", PERIODS, { label: "Period" }), clock(editor, window));
    } else if (window && window.type === "between") {
        fields.push(moment(editor, window, "from", "From"), "and", moment(editor, window, "to", "Until"));
    }
    return fields;
};

const day = (value) => (value ? value.replace("T", ", ").replace(", 00:00", "") : "…");

export const windowWords = (node) => {
    const window = node.window;
    if (!window) {
        return "";
    }
    if (window.type === "rolling") {
        const unit = "hours" in window ? "hours" : "days";
        return ` within any ${window[unit] ?? "…"} ${unit}`;
    }
    return window.type === "calendar" ? ` in one calendar ${window.period}` : ` between ${day(window.from)} and ${day(window.to)}`;
};

export const windowKey = (node) => keyOf(node, "window");
