// "where [attribute] [is at least] [5]": the rows that narrow down which activity counts.

import { button, choice, keyOf, make, numberOf, text } from "./dom.js";
import { attributesOf, typeOf } from "./vocabulary.js";
import { manyValues, oneValue } from "./values.js";

const IS = [["eq", "is"], ["neq", "is not"]];
const LISTS = [["in", "is one of"], ["notIn", "is none of"]];
const SIZES = [["gte", "is at least"], ["gt", "is more than"], ["lte", "is at most"], ["lt", "is less than"]];
const TIMES = [["gte", "is on or after"], ["gt", "is after"], ["lte", "is on or before"], ["lt", "is before"]];
const WORDS = [["contains", "contains"], ["startsWith", "begins with"], ["endsWith", "ends with"]];
const THERE = [["exists", "is given"], ["missing", "is not given"]];

const OPERATORS = {
    text: [...IS, ...LISTS, ...WORDS, ...THERE],
    number: [...SIZES, ...IS, ...LISTS, ...THERE],
    boolean: [["eq", "is"], ...THERE],
    datetime: [...TIMES, ...THERE],
};
const TYPES = [
    { value: "text", label: "a text" },
    { value: "number", label: "a number" },
    { value: "boolean", label: "yes or no" },
    { value: "datetime", label: "a date" },
];

const DATE = /^\d{4}-\d\d-\d\d/;
const types = new WeakMap();

const guessed = (filter) => {
    const value = Array.isArray(filter.value) ? filter.value[0] : filter.value;
    if (typeof value === "number") {
        return "number";
    }
    if (typeof value === "boolean" && filter.operator !== "exists") {
        return "boolean";
    }
    return ["gt", "gte", "lt", "lte"].includes(filter.operator) && DATE.test(value) ? "datetime" : "text";
};

export const filterType = (event, filter) => {
    if (!types.has(filter)) {
        types.set(filter, guessed(filter));
    }
    return typeOf(event, filter.attribute) || types.get(filter);
};

const operatorOf = (filter) => (filter.operator === "exists" && filter.value === false ? "missing" : filter.operator);

const labelled = (pairs) => pairs.map(([value, label]) => ({ value, label }));

export const operatorWords = (event, filter) => {
    const found = OPERATORS[filterType(event, filter)].find(([value]) => value === operatorOf(filter));
    return found ? found[1] : filter.operator;
};

const isList = (operator) => operator === "in" || operator === "notIn";

const setOperator = (filter, operator) => {
    const before = filter.operator;
    filter.operator = operator === "missing" ? "exists" : operator;
    if (filter.operator === "exists") {
        filter.value = operator !== "missing";
    } else if (isList(operator) !== isList(before) || before === "exists") {
        filter.value = isList(operator) ? [filter.value].flat().filter((one) => one !== null && typeof one !== "boolean") : null;
    }
};

const fit = (event, filter) => {
    const fits = OPERATORS[filterType(event, filter)];
    if (!fits.some(([value]) => value === operatorOf(filter))) {
        setOperator(filter, fits[0][0]);
    }
    if (filter.operator !== "exists") {
        filter.value = isList(filter.operator) ? [] : null;
    }
};

// What else is shown depends on the attribute.  It is drawn anew while the name is typed, and not when
// the field is left: that would take away what was just clicked.
const attributeField = (editor, event, filter) => {
    const id = `attributes-${numberOf(filter)}`;
    const shown = { type: filterType(event, filter), known: typeOf(event, filter.attribute) };
    const field = text(editor, filter, "attribute", { label: "Attribute", placeholder: "attribute", list: id });
    field.addEventListener("input", () => {
        const type = filterType(event, filter);
        if (type !== shown.type) {
            fit(event, filter);
            editor.changed(filter);
        }
        if (type !== shown.type || typeOf(event, filter.attribute) !== shown.known) {
            editor.draw(keyOf(filter, "attribute"));
        }
    });
    const suggestions = attributesOf(event).map((one) => make("option", { value: one.value }, one.label));
    return [field, make("datalist", { id }, suggestions)];
};

const typeField = (editor, event, filter) => {
    if (typeOf(event, filter.attribute)) {
        return [];
    }
    const chosen = (type) => {
        types.set(filter, type);
        fit(event, filter);
    };
    return ["as", choice(editor, filter, "kind", TYPES, { label: "Kind of value", value: filterType(event, filter), chosen, redraw: true })];
};

const valueField = (editor, event, filter) => {
    if (filter.operator === "exists") {
        return [];
    }
    const type = filterType(event, filter);
    return isList(filter.operator) ? manyValues(editor, filter, type) : oneValue(editor, filter, type);
};

const row = (editor, owner, filter, at) => {
    const operators = labelled(OPERATORS[filterType(owner.event, filter)]);
    const pick = { label: "Comparison", value: operatorOf(filter), redraw: true, chosen: (value) => setOperator(filter, value) };
    const remove = () => {
        owner.filters.splice(at, 1);
        editor.changed(owner);
        editor.draw(keyOf(owner, "where"));
    };
    return make(
        "li",
        { class: "rs-filter" },
        make("span", { class: "rs-joint" }, at ? "and" : "where"),
        attributeField(editor, owner.event, filter),
        typeField(editor, owner.event, filter),
        choice(editor, filter, "operator", operators, pick),
        valueField(editor, owner.event, filter),
        button(editor, { label: "Remove this filter", symbol: "close", small: true, key: keyOf(filter, "remove"), press: remove }),
        editor.complaints(filter),
    );
};

// The filters of `owner` ({event, filters}), and the button that adds one.
export const filterRows = (editor, owner) => {
    const filters = owner.filters || [];
    const add = () => {
        const filter = { attribute: "", operator: "eq", value: null };
        owner.filters = [...filters, filter];
        editor.changed(owner);
        editor.draw(keyOf(filter, "attribute"));
    };
    return [
        filters.length ? make("ul", { class: "rs-filters" }, filters.map((filter, at) => row(editor, owner, filter, at))) : null,
        button(editor, { label: filters.length ? "And where…" : "Only where…", symbol: "filter_alt", key: keyOf(owner, "where"), press: add }),
    ];
};
