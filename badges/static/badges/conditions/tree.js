// Groups within groups: adding, removing and moving conditions.  A tree is what the API calls one.

const GROUPS = new Set(["all", "any", "atLeast"]);

export const isGroup = (node) => GROUPS.has(node.type);

export const freshGroup = (type = "any") => ({ type, conditions: [] });

export const parentOf = (node, within) => {
    if (!isGroup(within)) {
        return null;
    }
    if (within.conditions.includes(node)) {
        return within;
    }
    for (const child of within.conditions) {
        const found = parentOf(node, child);
        if (found) {
            return found;
        }
    }
    return null;
};

// One step up or down the page: past a condition, into a group, or out of one.
const placeFor = (node, tree, step) => {
    const parent = parentOf(node, tree);
    const at = parent.conditions.indexOf(node);
    const beside = parent.conditions[at + step];
    if (beside && isGroup(beside)) {
        return { group: beside, at: step < 0 ? beside.conditions.length : 0 };
    }
    if (beside) {
        return { group: parent, at: at + step };
    }
    const above = parentOf(parent, tree);
    return above && { group: above, at: above.conditions.indexOf(parent) + (step < 0 ? 0 : 1) };
};

export const canMove = (node, tree, step) => placeFor(node, tree, step) !== null;

export const move = (node, tree, step) => {
    const place = placeFor(node, tree, step);
    if (!place) {
        return false;
    }
    const parent = parentOf(node, tree);
    parent.conditions.splice(parent.conditions.indexOf(node), 1);
    place.group.conditions.splice(place.at, 0, node);
    return true;
};

export const remove = (node, tree) => {
    const parent = parentOf(node, tree);
    parent.conditions.splice(parent.conditions.indexOf(node), 1);
    return parent;
};

// What a path of the server's is about ("tree.conditions[0].filters[1].operator"): the condition
// or filter to say it at, the object that has the wrong value, and the value's name.
export const locate = (tree, path) => {
    let owner = tree;
    let object = tree;
    let name = "";
    for (const part of path.replace(/^tree\b/, "").split(/[.[\]]+/).filter(Boolean)) {
        const next = object[part];
        name = Array.isArray(object) ? name : part;
        if (next === null || typeof next !== "object") {
            break;
        }
        object = next;
        if (!Array.isArray(next) && name !== "window") {
            owner = next;
            name = "";
        }
    }
    return { owner, object: Array.isArray(object) ? owner : object, name };
};
