// What the store knows, as the page brought it: events with their attributes, wallets, badges,
// rules, rule groups, and lists.

export const read = (id) => {
    const source = document.getElementById(id);
    return source ? JSON.parse(source.textContent) : null;
};

export const vocabulary = read("condition-vocabulary");

const named = (list, value) => list.find((one) => one.value === value);

export const labelOf = (list, value, otherwise = "…") => {
    const found = named(vocabulary[list], value);
    return found ? found.label : value || otherwise;
};

export const attributesOf = (event) => {
    const found = named(vocabulary.events, event);
    return found ? found.attributes : [];
};

// text, number, boolean or datetime; null when nobody has said what the attribute is.
export const typeOf = (event, attribute) => {
    const found = named(attributesOf(event), attribute);
    return found ? found.type : null;
};
