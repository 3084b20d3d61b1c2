// Elements and fields.  A field shows one property of an object and writes it back as it is typed.

export const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name === "on") {
            for (const [event, listener] of Object.entries(value)) {
                element.addEventListener(event, listener);
            }
        } else if (name in element && typeof value === "boolean") {
            element[name] = value;
        } else if (value !== null && value !== undefined && value !== false) {
            element.setAttribute(name, value);
        }
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
};

export const icon = (name) => make("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);

const numbers = new WeakMap();
let last = 0;

// A number for an object, by which its fields are found again after the page was drawn anew.
export const numberOf = (object) => {
    if (!numbers.has(object)) {
        numbers.set(object, (last += 1));
    }
    return numbers.get(object);
};

export const keyOf = (object, name) => `${numberOf(object)}:${name}`;

const dressed = (editor, object, name, label) => ({
    "aria-label": label,
    "data-key": keyOf(object, name),
    "aria-invalid": editor.isWrong(object, name) ? "true" : null,
});

// `redraw` when what else is shown depends on the choice; `chosen` does more than to keep it.
export const choice = (editor, object, name, options, { label, redraw = false, value, chosen } = {}) => {
    const current = value === undefined ? object[name] : value;
    const known = options.some((option) => option.value === current);
    const shown = known ? options : [{ value: current ?? "", label: current ? String(current) : "choose…" }, ...options];
    const select = make("select", { class: "rs-in", ...dressed(editor, object, name, label) });
    for (const option of shown) {
        select.append(make("option", { value: option.value, selected: option.value === (known ? current : shown[0].value) }, option.label));
    }
    select.addEventListener("change", () => {
        if (chosen) {
            chosen(select.value);
        } else {
            object[name] = select.value;
        }
        editor.changed(object);
        if (redraw) {
            editor.draw(keyOf(object, name));
        }
    });
    return select;
};

const typed = (editor, object, name, attributes, read) => {
    const { label, ...rest } = attributes;
    const input = make("input", { class: "rs-in", autocomplete: "off", ...dressed(editor, object, name, label), ...rest });
    input.addEventListener("input", () => {
        object[name] = read(input.value);
        editor.changed(object);
    });
    return input;
};

export const number = (editor, object, name, { label, min = 1, step = 1, wide = false }) =>
    typed(
        editor,
        object,
        name,
        { label, type: "number", min, step, inputmode: step === 1 ? "numeric" : "decimal", value: object[name] ?? "", class: `rs-in rs-in-number${wide ? " rs-in-wide" : ""}` },
        (text) => (text === "" ? null : Number(text)),
    );

export const text = (editor, object, name, { label, placeholder, type = "text", list, wide = false, empty = "" }) =>
    typed(
        editor,
        object,
        name,
        { label, type, placeholder, list, maxlength: 255, spellcheck: "false", value: object[name] ?? "", class: `rs-in${wide ? " rs-in-wide" : ""}` },
        (value) => (value === "" ? empty : value),
    );

export const button = (editor, { label, symbol, key, press, small = false, title, disabled = false }) =>
    make(
        "button",
        {
            type: "button",
            class: small ? "rs-icon-button" : "rs-button rs-small",
            "aria-label": small ? label : null,
            title: title || (small ? label : null),
            "data-key": key,
            disabled,
            on: { click: press },
        },
        icon(symbol),
        small ? "" : ` ${label}`,
    );
