// The whole condition as a sentence, while it is being made.  What the server says when it is
// saved is what counts.

import { KINDS } from "./kinds.js";
import { isGroup } from "./tree.js";

const joined = (said, word) => {
    if (said.length < 2) {
        return said.join("");
    }
    const [comma, before] = said.some((part) => part.includes(", ")) ? ["; ", "; "] : [", ", " "];
    return `${said.slice(0, -1).join(comma)}${before}${word} ${said[said.length - 1]}`;
};

export const words = (node, inner = false) => {
    if (!isGroup(node)) {
        return KINDS[node.type].words(node);
    }
    const said = node.conditions.map((child) => words(child, true));
    if (!said.length) {
        return "…";
    }
    const joint = joined(said, node.type === "all" ? "and" : "or");
    const choice = node.type === "atLeast" && said.length > 1;
    const sentence = choice ? `meets at least ${node.count ?? "…"} of these: ${joint}` : joint;
    return inner && said.length > 1 ? `(${sentence})` : sentence;
};
