// A condition as a row that reads like a sentence, and a group as a frame around rows.

import { button, choice, keyOf, make, number } from "./dom.js";
import { KINDS, kindOptions } from "./kinds.js";
import { canMove, freshGroup, isGroup, move, remove } from "./tree.js";

const QUANTITIES = [
    { value: "all", label: "all" },
    { value: "any", label: "any" },
    { value: "atLeast", label: "at least" },
];

const tools = (editor, node) => {
    const what = isGroup(node) ? "group" : "condition";
    const step = (by, key) => () => {
        move(node, editor.tree, by);
        editor.changed(node);
        editor.draw(keyOf(node, key));
        editor.say(by < 0 ? "Moved up." : "Moved down.");
    };
    const drop = () => {
        const parent = remove(node, editor.tree);
        editor.changed(parent);
        editor.draw(keyOf(parent, "add"));
        editor.say(`The ${what} was removed.`);
    };
    return make(
        "span",
        { class: "rs-tools" },
        button(editor, { label: `Move this ${what} up`, symbol: "arrow_upward", small: true, key: keyOf(node, "up"), press: step(-1, "up"), disabled: !canMove(node, editor.tree, -1) }),
        button(editor, { label: `Move this ${what} down`, symbol: "arrow_downward", small: true, key: keyOf(node, "down"), press: step(1, "down"), disabled: !canMove(node, editor.tree, 1) }),
        button(editor, { label: `Remove this ${what}`, symbol: "delete", small: true, key: keyOf(node, "remove"), press: drop }),
    );
};

const kindField = (editor, node) => {
    const chosen = (type) => {
        const fresh = KINDS[type].fresh();
        // The event and its filters mean the same in every kind that has them.
        const keeps = "event" in fresh && "event" in node ? ["event", "filters", "id", "description"] : ["id", "description"];
        const kept = Object.fromEntries(keeps.filter((name) => name in node).map((name) => [name, node[name]]));
        Object.keys(node).forEach((name) => delete node[name]);
        Object.assign(node, fresh, kept);
    };
    return choice(editor, node, "type", kindOptions(), { label: "Kind of condition", chosen, redraw: true });
};

const leafRow = (editor, node) => {
    const kind = KINDS[node.type];
    return make(
        "li",
        { class: "rs-leaf", "data-condition": "" },
        make("div", { class: "rs-sentence" }, kindField(editor, node), kind.fields(editor, node), tools(editor, node)),
        kind.below ? make("div", { class: "rs-below-leaf" }, kind.below(editor, node)) : null,
        editor.complaints(node),
    );
};

const adders = (editor, group) => {
    const add = (node, key) => () => {
        const made = node();
        group.conditions.push(made);
        editor.changed(group);
        editor.draw(keyOf(isGroup(made) ? made.conditions[0] : made, key));
    };
    const inner = () => ({ ...freshGroup("any"), conditions: [KINDS.count.fresh()] });
    return make(
        "div",
        { class: "rs-adders" },
        button(editor, { label: "Add a condition", symbol: "add", key: keyOf(group, "add"), press: add(KINDS.count.fresh, "type") }),
        button(editor, { label: "Add a group", symbol: "account_tree", key: keyOf(group, "add-group"), press: add(inner, "type") }),
    );
};

const quantity = (editor, group) => {
    const chosen = (type) => {
        group.type = type;
        if (type === "atLeast") {
            group.count = group.count ?? 1;
        } else {
            delete group.count;
        }
    };
    const field = choice(editor, group, "quantity", QUANTITIES, { label: "How many of these", value: group.type, chosen, redraw: true });
    return group.type === "atLeast" ? [field, number(editor, group, "count", { label: "How many of these, as a number" })] : [field];
};

const children = (editor, group) => make("ol", { class: "rs-conditions" }, group.conditions.map((node) => row(editor, node)));

const groupRow = (editor, node) =>
    make(
        "li",
        { class: "rs-group", "data-condition": "" },
        make("div", { class: "rs-sentence" }, quantity(editor, node), "of these are true:", tools(editor, node)),
        children(editor, node),
        adders(editor, node),
        editor.complaints(node),
    );

const row = (editor, node) => (isGroup(node) ? groupRow(editor, node) : leafRow(editor, node));

export const rootRows = (editor) => [
    make("div", { class: "rs-sentence rs-first" }, "A member earns this badge when", quantity(editor, editor.tree), "of these are true:"),
    children(editor, editor.tree),
    adders(editor, editor.tree),
    editor.complaints(editor.tree),
];
