"""How the admin draws a badge: a tile in its colours with its icon on it."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from badges.models import BadgeType


def badge_name(badge_type: BadgeType) -> str:
    """The name in the language of the badge type's store."""
    locale = badge_type.store.default_locale
    return badge_type.name_in(locale, locale)


def badge_tile(badge_type: BadgeType, *, size: str = "md", title: str = "") -> SafeString:
    """The icon, or the name's first letter while there is none."""
    if badge_type.icon:
        face = format_html('<img src="{}" alt="" loading="lazy">', badge_type.icon)
    else:
        face = format_html("<b>{}</b>", badge_name(badge_type)[:1].upper())
    return format_html(
        '<span class="rs-tile rs-tile-{}{}" style="background:{};color:{}" title="{}">{}</span>',
        size,
        "" if badge_type.active else " rs-tile-off",
        badge_type.background_color,
        badge_type.text_color,
        title,
        face,
    )


def badge_with_name(badge_type: BadgeType, second_line: str = "") -> SafeString:
    return format_html(
        '<span class="rs-named">{}<span><strong>{}</strong><small>{}</small></span></span>',
        badge_tile(badge_type),
        badge_name(badge_type),
        second_line,
    )
