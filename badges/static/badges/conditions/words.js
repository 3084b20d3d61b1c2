// The whole condition as a sentence, while it is being made.  What the server says when it is
// saved is what counts.

import { KINDS } from "./kinds.js";
import { isGroup } from "./tree.js";

const joined = (said, word) => (said.length < 2 ? said.join("") : `${said.slice(0, -1).join(", ")} ${word} ${said[said.length - 1]}`);

export const words = (node, inner = false) => {
    if (!isGroup(node)) {
        return KINDS[node.type].words(node);
    }
    const said = node.conditions.map((child) => words(child, true));
    if (!said.length) {
        return "…";
    }
    if (node.type === "atLeast" && said.length > 1) {
        return `at least ${node.count ?? "…"} of these ${node.count === 1 ? "is" : "are"} true: ${joined(said, "or")}`;
    }
    const sentence = joined(said, node.type === "all" ? "and" : "or");
    return inner && said.length > 1 ? `(${sentence})` : sentence;
};
