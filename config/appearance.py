"""How the admin looks, and what its sidebar offers: unfold's settings."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

_MOST_STORES_TO_SWITCH = 30

# Tailwind's "rose" for what is ours, a neutral grey with a trace of it for the rest.
_ROSE = {
    "50": "oklch(96.9% .015 12.422)",
    "100": "oklch(94.1% .03 12.58)",
    "200": "oklch(89.2% .058 10.001)",
    "300": "oklch(81% .117 11.638)",
    "400": "oklch(71.2% .194 13.428)",
    "500": "oklch(64.5% .226 16.439)",
    "600": "oklch(55.6% .213 12.585)",
    "700": "oklch(49.4% .192 12.922)",
    "800": "oklch(43.5% .168 13.697)",
    "900": "oklch(39% .139 10.272)",
    "950": "oklch(26.1% .095 12.094)",
}
_STONE = {
    "50": "oklch(98.5% .002 350)",
    "100": "oklch(96.6% .003 350)",
    "200": "oklch(92.2% .005 350)",
    "300": "oklch(86.8% .007 350)",
    "400": "oklch(70.8% .012 350)",
    "500": "oklch(55.2% .016 350)",
    "600": "oklch(44.2% .017 350)",
    "700": "oklch(37% .016 350)",
    "800": "oklch(27% .014 350)",
    "900": "oklch(20.6% .012 350)",
    "950": "oklch(14.4% .009 350)",
}


def _may(resource: str) -> Callable[[HttpRequest], bool]:
    """Whether the chosen store's rows of that kind are open to whoever is asking."""

    def ask(request: HttpRequest) -> bool:
        from loyalty.admin.staff import chosen_store, staff_of
        from loyalty.models import Access, Resource

        store = chosen_store(request)
        wanted = [Resource(name) for name in resource.split("+")]
        return store is not None and staff_of(request).may(Access.VIEW, store.id, *wanted)

    return ask


def _may_somewhere(*resources: str) -> Callable[[HttpRequest], bool]:
    def ask(request: HttpRequest) -> bool:
        from loyalty.admin.staff import staff_of
        from loyalty.models import Access, Resource

        staff = staff_of(request)
        return any(staff.may_somewhere(Access.VIEW, Resource(name)) for name in resources)

    return ask


def store_switcher(request: HttpRequest) -> list[dict[str, Any]]:
    """The stores to change to; a list changes to its own page of that store."""
    from loyalty.admin.staff import chosen_store, staff_of

    staff = staff_of(request)
    stores = list(staff.stores()[:_MOST_STORES_TO_SWITCH])
    if len(stores) < 2:
        return []
    match = request.resolver_match
    stays = match is not None and (match.url_name or "").endswith(("_changelist", "_add"))
    page = request.path if stays else reverse("admin:index")
    chosen = chosen_store(request)
    return [
        {
            "title": store.name,
            "link": f"{page}?store={store.code}",
            "icon": "check" if store == chosen else "storefront",
        }
        for store in stores
    ]


def chosen_store_name(request: HttpRequest) -> str:
    from loyalty.admin.staff import chosen_store

    store = chosen_store(request)
    return store.name if store else "No store yet"


def _is_badge_type_page(request: HttpRequest) -> bool:
    """The page of their health lies below them, and is an item of its own."""
    below = request.path.startswith(reverse("admin:badges_badgetype_changelist"))
    return below and request.path != reverse("admin:badges_badgetype_health")


def _item(title: str, icon: str, model: str, permission: Callable[..., bool]) -> dict[str, Any]:
    link = reverse_lazy(f"admin:{model}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": permission}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Rosette",
    "SITE_HEADER": "Rosette",
    "SITE_SUBHEADER": "config.appearance.chosen_store_name",
    "SITE_DROPDOWN": "config.appearance.store_switcher",
    "SITE_URL": None,
    "SITE_ICON": lambda _: static("loyalty/admin/logo.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _: static("loyalty/admin/logo.svg"),
        }
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": _STONE, "primary": _ROSE},
    "STYLES": [lambda _: static("loyalty/admin/rosette.css")],
    "SCRIPTS": [lambda _: static("loyalty/admin/rosette.js")],
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {
                        "title": "Dashboard",
                        "icon": "space_dashboard",
                        "link": reverse_lazy("admin:index"),
                    }
                ]
            },
            {
                "title": "Loyalty",
                "separator": True,
                "items": [
                    {
                        **_item(
                            "Badge types", "workspace_premium", "badges_badgetype", _may("BADGE")
                        ),
                        "active": _is_badge_type_page,
                    },
                    _item("Rules", "rule", "badges_rule", _may("BADGE")),
                    _item("Rule groups", "checklist", "badges_rulegroup", _may("BADGE")),
                    {
                        "title": "Health of badges",
                        "icon": "monitor_heart",
                        "link": reverse_lazy("admin:badges_badgetype_health"),
                        "permission": _may("BADGE"),
                    },
                    _item("Members", "group", "members_member", _may("CUSTOMER")),
                    _item(
                        "Member lists",
                        "format_list_bulleted",
                        "members_memberlist",
                        _may("CUSTOMER"),
                    ),
                    _item("Points", "toll", "members_pointsentry", _may("POINT_TRANSFER+CUSTOMER")),
                    _item(
                        "Activity",
                        "bolt",
                        "members_activity",
                        _may("CUSTOM_EVENT+TRANSACTION+CUSTOMER"),
                    ),
                    _item(
                        "Custom event types",
                        "category",
                        "members_eventschema",
                        _may("CUSTOM_EVENT"),
                    ),
                    _item(
                        "Held badges",
                        "military_tech",
                        "badges_memberbadge",
                        _may("BADGE+CUSTOMER"),
                    ),
                    _item("Ledger", "receipt_long", "badges_badgeentry", _may("BADGE+CUSTOMER")),
                    _item("Jobs", "playlist_add_check", "loyalty_job", _may("BADGE")),
                ],
            },
            {
                "title": "Webhooks",
                "separator": True,
                "items": [
                    _item(
                        "Webhooks",
                        "webhook",
                        "loyalty_subscription",
                        _may("WEBHOOK_SUBSCRIPTION"),
                    ),
                    _item(
                        "Messages",
                        "outgoing_mail",
                        "loyalty_delivery",
                        _may("WEBHOOK_SUBSCRIPTION"),
                    ),
                ],
            },
            {
                "title": "Access",
                "separator": True,
                "items": [
                    _item(
                        "Stores",
                        "storefront",
                        "loyalty_store",
                        _may_somewhere("STORES", "SETTINGS"),
                    ),
                    _item(
                        "Administrators", "badge", "loyalty_administrator", _may_somewhere("ADMIN")
                    ),
                    _item("Roles", "shield_person", "loyalty_role", _may_somewhere("ACL")),
                    _item("API keys", "key", "loyalty_apikey", lambda _: True),
                    _item("Audit log", "history", "loyalty_event", _may("AUDIT")),
                ],
            },
        ],
    },
}
