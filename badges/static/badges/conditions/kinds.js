// The kinds of conditions: how each begins, its fields in the order of a sentence, and its words.

import { choice, number, text } from "./dom.js";
import { filterRows, operatorWords } from "./filters.js";
import { attributesOf, labelOf, vocabulary } from "./vocabulary.js";
import { clock, windowFields, windowWords } from "./windows.js";

const firstOf = (list) => (vocabulary[list].length === 1 ? vocabulary[list][0].value : "");
const amount = (value) => (value === null || value === undefined || value === "" ? "…" : Number(value).toLocaleString("en"));
const times = (value) => ({ 1: "once", 2: "twice" })[value] || `${amount(value)} times`;
const plural = (value, word) => `${amount(value)} ${word}${value === 1 ? "" : "s"}`;

const eventField = (editor, node) => choice(editor, node, "event", vocabulary.events, { label: "What was done", redraw: true });

const filterWords = (node) => {
    const said = (node.filters || []).map((filter) => {
        const value = filter.operator === "exists" ? "" : ` ${[filter.value].flat().map((one) => (one === true ? "yes" : one === false ? "no" : one)).join(", ") || "…"}`;
        return `${filter.attribute || "…"} ${operatorWords(node.event, filter)}${value}`;
    });
    return said.length ? `, where ${said.join(" and ")}` : "";
};

const distinctField = (editor, node) => {
    const options = [{ value: "", label: "every time" }, ...attributesOf(node.event).map((one) => ({ value: one.value, label: `each different ${one.value} once` }))];
    const chosen = (value) => {
        if (value) {
            node.distinct = value;
        } else {
            delete node.distinct;
        }
    };
    const value = node.distinct || "";
    if (value && !options.some((one) => one.value === value)) {
        options.push({ value, label: `each different ${value} once` });
    }
    return choice(editor, node, "distinct", options, { label: "What is counted", value, chosen });
};

export const KINDS = {
    count: {
        label: "has done",
        fresh: () => ({ type: "count", event: firstOf("events"), target: 1 }),
        fields: (editor, node) => [
            eventField(editor, node), "at least", number(editor, node, "target", { label: "How often" }), node.target === 1 ? "time," : "times,",
            ...windowFields(editor, node), "counting", distinctField(editor, node),
        ],
        below: filterRows,
        words: (node) => `has done “${labelOf("events", node.event)}” at least ${times(node.target)}${windowWords(node)}${node.distinct ? `, counting each different ${node.distinct} once` : ""}${filterWords(node)}`,
    },
    sum: {
        label: "has reached a total in",
        fresh: () => ({ type: "sum", event: firstOf("events"), target: 100 }),
        fields: (editor, node) => [
            eventField(editor, node), "of at least", number(editor, node, "target", { label: "Total", min: 0, step: "any", wide: true }),
            ...windowFields(editor, node),
        ],
        below: filterRows,
        words: (node) => `has reached a total of ${amount(node.target)} in “${labelOf("events", node.event)}”${windowWords(node)}${filterWords(node)}`,
    },
    streak: {
        label: "has kept up",
        fresh: () => ({ type: "streak", event: firstOf("events"), target: 7, unit: "day", perPeriod: 1 }),
        fields: (editor, node) => [
            eventField(editor, node), "at least", number(editor, node, "perPeriod", { label: "How often in each" }), node.perPeriod === 1 ? "time each" : "times each",
            choice(editor, node, "unit", [{ value: "day", label: "day" }, { value: "week", label: "week" }], { label: "Unit", redraw: true }),
            "for", number(editor, node, "target", { label: "How many in a row" }), `${node.unit}s in a row,`, clock(editor, node),
        ],
        below: filterRows,
        words: (node) => `has done “${labelOf("events", node.event)}” at least ${times(node.perPeriod ?? 1)} each ${node.unit} for ${plural(node.target, node.unit)} in a row${filterWords(node)}`,
    },
    points: {
        label: "has points",
        fresh: () => ({ type: "points", wallet: "default", target: 100, basis: "lifetime" }),
        fields: (editor, node) => [
            choice(editor, node, "basis", [{ value: "lifetime", label: "collected in all:" }, { value: "balance", label: "in the balance:" }], { label: "Which points" }),
            "at least", number(editor, node, "target", { label: "Points", min: 0, step: "any", wide: true }), "in the wallet", choice(editor, node, "wallet", vocabulary.wallets, { label: "Wallet" }),
        ],
        words: (node) => `${node.basis === "balance" ? "has a balance of" : "has collected in all"} at least ${amount(node.target)} points in the wallet “${labelOf("wallets", node.wallet)}”`,
    },
    badge: {
        label: "holds the badge",
        fresh: () => ({ type: "badge", badgeTypeId: firstOf("badges"), times: 1 }),
        fields: (editor, node) => [
            choice(editor, node, "badgeTypeId", vocabulary.badges, { label: "Badge" }), "at least", number(editor, node, "times", { label: "How often" }), node.times === 1 ? "time" : "times",
        ],
        words: (node) => `holds the badge “${labelOf("badges", node.badgeTypeId)}”${(node.times ?? 1) === 1 ? "" : ` at least ${times(node.times)}`}`,
    },
    rule: {
        label: "has completed the rule",
        fresh: () => ({ type: "rule", ruleId: firstOf("rules"), times: 1 }),
        fields: (editor, node) => [
            choice(editor, node, "ruleId", vocabulary.rules, { label: "Rule" }), "at least", number(editor, node, "times", { label: "How often" }), node.times === 1 ? "time" : "times",
        ],
        words: (node) => `has completed the rule “${labelOf("rules", node.ruleId)}”${(node.times ?? 1) === 1 ? "" : ` at least ${times(node.times)}`}`,
    },
    ruleGroup: {
        label: "has completed, of the rule group",
        fresh: () => ({ type: "ruleGroup", ruleGroupId: firstOf("groups") }),
        fields: (editor, node) => {
            const some = node.count !== undefined;
            const chosen = (value) => {
                if (value) {
                    node.count = 1;
                } else {
                    delete node.count;
                }
            };
            const options = [{ value: "", label: "as many rules as the group asks for" }, { value: "some", label: "at least" }];
            return [
                choice(editor, node, "ruleGroupId", vocabulary.groups, { label: "Rule group" }), ":",
                choice(editor, node, "howMany", options, { label: "How many", value: some ? "some" : "", chosen, redraw: true }),
                ...(some ? [number(editor, node, "count", { label: "How many rules" }), "of its rules"] : []),
            ];
        },
        words: (node) => `has completed ${node.count === undefined ? "as many rules" : `at least ${plural(node.count, "rule")}`} of the group “${labelOf("groups", node.ruleGroupId)}”${node.count === undefined ? " as it asks for" : ""}`,
    },
    external: {
        label: "was confirmed elsewhere as",
        fresh: () => ({ type: "external", key: "" }),
        fields: (editor, node) => [text(editor, node, "key", { label: "Name of the confirmation", placeholder: "newsletter" })],
        words: (node) => `was confirmed by another system as “${node.key || "…"}”`,
    },
    listed: {
        label: "is on the list",
        fresh: () => ({ type: "listed", listId: firstOf("lists") }),
        fields: (editor, node) => [choice(editor, node, "listId", vocabulary.lists, { label: "List" })],
        words: (node) => `is on the list “${labelOf("lists", node.listId)}”`,
    },
};

export const kindOptions = () => Object.entries(KINDS).map(([value, kind]) => ({ value, label: kind.label }));
