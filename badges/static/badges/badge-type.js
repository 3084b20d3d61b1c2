"use strict";

// The badge as members will see it, while it is being made.
document.addEventListener("DOMContentLoaded", () => {
    const card = document.getElementById("badge-preview");
    if (!card) {
        return;
    }
    const field = (name) => document.getElementById(`id_${name}`);
    const part = (name) => card.querySelector(`[data-${name}]`);
    const locale = card.dataset.locale;
    const inputs = {
        name: field(`name_${locale}`),
        description: field(`description_${locale}`),
        background: field("background_color"),
        text: field("text_color"),
        icon: field("icon"),
        file: field("icon_file"),
        without: field("without_icon"),
    };
    const color = /^#[0-9a-f]{6}$/i;
    let drawing = "";

    const luminance = (hex) => {
        const [red, green, blue] = [1, 3, 5].map((at) => {
            const part = parseInt(hex.slice(at, at + 2), 16) / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const showContrast = () => {
        const said = document.getElementById("badge-contrast");
        const [one, other] = [inputs.background.value, inputs.text.value];
        if (!color.test(one) || !color.test(other)) {
            said.textContent = "";
            return;
        }
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        const good = ratio >= 4.5;
        said.textContent = `Contrast ${ratio.toFixed(1)} : 1, ${good ? "easy to read" : "hard to read: aim for 4.5"}`;
        said.classList.toggle("rs-bad", !good);
    };
    const show = () => {
        const name = inputs.name.value.trim() || "Name of the badge";
        part("name").textContent = name;
        part("description").textContent = inputs.description.value.trim();
        if (color.test(inputs.background.value)) {
            card.style.background = inputs.background.value;
        }
        if (color.test(inputs.text.value)) {
            card.style.color = inputs.text.value;
        }
        const address = inputs.icon.value.trim();
        const without = inputs.without && inputs.without.checked;
        const named = /^https:\/\//.test(address) ? address : "";
        const shown = without ? "" : drawing || named || (address ? "" : card.dataset.icon);
        const image = part("image");
        const letter = part("letter");
        if (shown && image.getAttribute("src") !== shown) {
            image.src = shown;
        }
        image.hidden = !shown;
        letter.hidden = Boolean(shown);
        letter.textContent = name.slice(0, 1).toUpperCase();
        showContrast();
    };

    inputs.file.addEventListener("change", () => {
        if (drawing) {
            URL.revokeObjectURL(drawing);
        }
        const file = inputs.file.files[0];
        drawing = file ? URL.createObjectURL(file) : "";
        show();
    });
    for (const input of Object.values(inputs).filter(Boolean)) {
        input.addEventListener("input", show);
    }
    show();
});
