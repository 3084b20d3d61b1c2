"""The two demo stores and their badges, as data that needs no database to be read.

The stores differ on purpose wherever a multi-tenant backend could quietly mix tenants up: in
currency, in time zone and in the wording of badges. Both even own a badge coded `first_order`
and one coded `night_owl`, because a system code is unique inside its store and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ICON_DIRECTORY = Path(__file__).parent / "icons"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBadge:
    """One badge of a demo store, with everything a loader needs to create and award it."""

    system_code: str
    """The stable name that integrations use; it matches `[a-z0-9_-]+`."""

    icon: str
    """The file's name inside `ICON_DIRECTORY`."""

    names: Mapping[str, str]
    """The title that members see, by locale."""

    descriptions: Mapping[str, str]
    """What a member did to earn the badge, by locale."""

    background_color: str
    """The colour of the card the icon lies on, as `#RRGGBB` in upper case."""

    text_color: str
    """The colour of the words on that card; their contrast is at least 4.5 to 1."""

    display_rank: int
    """The place in lists, lowest first; the steps of ten leave room for later badges."""

    share: float
    """The rough share of members, from 0 to 1, who hold the badge."""

    active: bool = True
    """False for a season that has ended and for a badge still being prepared."""

    permissions_enabled: bool = False
    """Whether holding the badge opens members-only areas, besides telling a story."""

    repeatable: bool = False
    """Whether a member may complete the badge more than once."""

    @property
    def icon_path(self) -> Path:
        """Where the drawing lies, ready to be read or uploaded."""
        return ICON_DIRECTORY / self.icon


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStore:
    """One tenant of the demo: its habits, its badges and how many members it has."""

    code: str
    name: str
    currency: str
    timezone: str
    default_locale: str
    locales: tuple[str, ...]
    badges: tuple[DemoBadge, ...]
    member_count: int


DEFAULT_STORE = DemoStore(
    code="DEFAULT",
    name="Kawa & Co",
    currency="EUR",
    timezone="Europe/Warsaw",
    default_locale="en",
    locales=("en", "pl"),
    member_count=240,
    badges=(
        DemoBadge(
            system_code="first_cup",
            icon="coffee-cup.svg",
            names={"en": "First Cup", "pl": "Pierwsza kawa"},
            descriptions={
                "en": "Your very first coffee with us. Make yourself at home.",
                "pl": "Twoja pierwsza kawa u nas. Rozgość się!",
            },
            background_color="#F6E7D7",
            text_color="#4A2A17",
            display_rank=10,
            share=0.92,
        ),
        DemoBadge(
            system_code="first_order",
            icon="rocket.svg",
            names={"en": "Lift-off", "pl": "Udany start"},
            descriptions={
                "en": "Placed your first order in the app.",
                "pl": "Pierwsze zamówienie złożone w aplikacji.",
            },
            background_color="#E0ECFF",
            text_color="#1B3F8F",
            display_rank=20,
            share=0.78,
        ),
        DemoBadge(
            system_code="early_bird",
            icon="early-bird.svg",
            names={"en": "Early Bird", "pl": "Ranny ptaszek"},
            descriptions={
                "en": "Picked up an order before half past seven in the morning.",
                "pl": "Zamówienie odebrane przed wpół do ósmej rano.",
            },
            background_color="#FFE9D1",
            text_color="#6B2A14",
            display_rank=30,
            share=0.34,
            repeatable=True,
        ),
        DemoBadge(
            system_code="night_owl",
            icon="night-owl.svg",
            names={"en": "Night Owl", "pl": "Nocny marek"},
            descriptions={
                "en": "Ordered in the last hour before closing.",
                "pl": "Zamówienie w ostatniej godzinie przed zamknięciem.",
            },
            background_color="#17184A",
            text_color="#FFE7A8",
            display_rank=40,
            share=0.29,
            repeatable=True,
        ),
        DemoBadge(
            system_code="seven_day_streak",
            icon="streak-flame.svg",
            names={"en": "On a Roll", "pl": "Dobra passa"},
            descriptions={
                "en": "Dropped in seven days in a row.",
                "pl": "Siedem dni z rzędu u nas. Oby tak dalej!",
            },
            background_color="#3B1020",
            text_color="#FFE3C2",
            display_rank=50,
            share=0.22,
            repeatable=True,
        ),
        DemoBadge(
            system_code="full_bag",
            icon="shopping-bag.svg",
            names={"en": "Full Bag", "pl": "Pełna torba"},
            descriptions={
                "en": "Took home five different bakes in a single order.",
                "pl": "Pięć różnych wypieków w jednym zamówieniu.",
            },
            background_color="#DDF4EE",
            text_color="#0F4A4A",
            display_rank=60,
            share=0.41,
            repeatable=True,
        ),
        DemoBadge(
            system_code="special_delivery",
            icon="bike-courier.svg",
            names={"en": "Special Delivery", "pl": "Śniadanie na kółkach"},
            descriptions={
                "en": "Had breakfast brought to the door by our bike courier.",
                "pl": "Śniadanie dowiezione pod drzwi przez naszego kuriera na rowerze.",
            },
            background_color="#123B57",
            text_color="#FFE2A6",
            display_rank=70,
            share=0.37,
            repeatable=True,
        ),
        DemoBadge(
            system_code="green_habit",
            icon="leaf.svg",
            names={"en": "Green Habit", "pl": "Zielony nawyk"},
            descriptions={
                "en": "Ten coffees poured into a cup of your own.",
                "pl": "Dziesięć kaw nalanych do własnego kubka.",
            },
            background_color="#E4F5D9",
            text_color="#1E4D2B",
            display_rank=80,
            share=0.31,
        ),
        DemoBadge(
            system_code="star_regular",
            icon="gold-star.svg",
            names={"en": "Star Regular", "pl": "Gwiazda miesiąca"},
            descriptions={
                "en": "Ten visits within one calendar month.",
                "pl": "Dziesięć wizyt w jednym miesiącu kalendarzowym.",
            },
            background_color="#FFF0C9",
            text_color="#6B3B05",
            display_rank=90,
            share=0.27,
            repeatable=True,
        ),
        DemoBadge(
            system_code="good_company",
            icon="handshake.svg",
            names={"en": "Good Company", "pl": "W dobrym towarzystwie"},
            descriptions={
                "en": "Invited a friend who came and had a coffee.",
                "pl": "Ktoś z Twojego polecenia wpadł do nas na kawę.",
            },
            background_color="#D9F4F0",
            text_color="#0E4F57",
            display_rank=100,
            share=0.24,
            repeatable=True,
        ),
        DemoBadge(
            system_code="storyteller",
            icon="review-quill.svg",
            names={"en": "Storyteller", "pl": "Dobre pióro"},
            descriptions={
                "en": "Wrote a review that helped other guests choose.",
                "pl": "Recenzja, która pomogła wybrać innym gościom.",
            },
            background_color="#F5E3F2",
            text_color="#5A2459",
            display_rank=110,
            share=0.20,
            repeatable=True,
        ),
        DemoBadge(
            system_code="treat_giver",
            icon="gift.svg",
            names={"en": "Treat Giver", "pl": "Hojny gest"},
            descriptions={
                "en": "Bought a gift card for somebody else.",
                "pl": "Karta podarunkowa kupiona dla kogoś innego.",
            },
            background_color="#FDE3DD",
            text_color="#7A1730",
            display_rank=120,
            share=0.18,
            repeatable=True,
        ),
        DemoBadge(
            system_code="suspended_coffee",
            icon="heart.svg",
            names={"en": "Pay It Forward", "pl": "Kawa zawieszona"},
            descriptions={
                "en": "Paid for a coffee that a stranger will drink.",
                "pl": "Opłacona kawa, którą wypije ktoś nieznajomy.",
            },
            background_color="#FFE4EA",
            text_color="#8A1C45",
            display_rank=130,
            share=0.15,
            repeatable=True,
        ),
        DemoBadge(
            system_code="birthday_treat",
            icon="birthday-cake.svg",
            names={"en": "Birthday Treat", "pl": "Słodkie urodziny"},
            descriptions={
                "en": "Celebrated your birthday with a slice of cake on the house.",
                "pl": "Urodziny uczczone kawałkiem tortu na nasz koszt.",
            },
            background_color="#EDE4FB",
            text_color="#43277F",
            display_rank=140,
            share=0.44,
            repeatable=True,
        ),
        DemoBadge(
            system_code="one_year",
            icon="medal.svg",
            names={"en": "One Year Together", "pl": "Rok razem"},
            descriptions={
                "en": "A whole year in the club, and still thirsty.",
                "pl": "Cały rok w klubie i wciąż z apetytem na więcej.",
            },
            background_color="#FBE9C3",
            text_color="#6A3A06",
            display_rank=150,
            share=0.46,
        ),
        DemoBadge(
            system_code="highland_explorer",
            icon="mountain.svg",
            names={"en": "Highland Explorer", "pl": "Na szczycie"},
            descriptions={
                "en": "Tasted every coffee in our mountain-grown collection.",
                "pl": "Znasz smak każdej kawy z naszej górskiej kolekcji.",
            },
            background_color="#DCEFEE",
            text_color="#1F4E57",
            display_rank=160,
            share=0.09,
        ),
        DemoBadge(
            system_code="menu_royalty",
            icon="crown.svg",
            names={"en": "Menu Royalty", "pl": "Karta bez tajemnic"},
            descriptions={
                "en": "Tried every drink on the menu. A crown is only fair.",
                "pl": "Znasz smak każdego napoju z karty. Korona się należy.",
            },
            background_color="#2E1760",
            text_color="#F3E6FF",
            display_rank=170,
            share=0.06,
        ),
        DemoBadge(
            system_code="inner_circle",
            icon="vip-diamond.svg",
            names={"en": "Inner Circle", "pl": "Krąg wtajemniczonych"},
            descriptions={
                "en": "By invitation: tastings, first roasts and a table kept for you.",
                "pl": "Na zaproszenie: degustacje, pierwsze wypały i stolik tylko dla Ciebie.",
            },
            background_color="#141F3A",
            text_color="#F7DE9C",
            display_rank=180,
            share=0.04,
            permissions_enabled=True,
        ),
        DemoBadge(
            system_code="summer_tour",
            icon="globe-traveller.svg",
            names={"en": "Summer World Tour", "pl": "Letnia podróż"},
            descriptions={
                "en": "Tasted coffees from all six countries of our summer tour.",
                "pl": "Poznany smak kaw ze wszystkich sześciu krajów letniej trasy.",
            },
            background_color="#DDEEFB",
            text_color="#143A6B",
            display_rank=190,
            share=0.13,
            # The season is over: members keep the badge, and nobody new can earn it.
            active=False,
        ),
        DemoBadge(
            system_code="barista_guild",
            icon="rosette.svg",
            names={"en": "Barista Guild", "pl": "Cech baristów"},
            descriptions={
                "en": "Finished all four evenings of our home barista course.",
                "pl": "Ukończony kurs domowego baristy, wszystkie cztery wieczory.",
            },
            background_color="#F8E2F1",
            text_color="#6B1B5C",
            display_rank=200,
            share=0.00,
            # The course starts next term, so the badge waits and nobody holds it yet.
            active=False,
            permissions_enabled=True,
        ),
    ),
)

OUTDOOR_STORE = DemoStore(
    code="OUTDOOR",
    name="Northtrail",
    currency="USD",
    timezone="America/New_York",
    default_locale="en",
    locales=("en", "pl"),
    member_count=80,
    badges=(
        DemoBadge(
            system_code="first_order",
            icon="rocket.svg",
            names={"en": "Off You Go", "pl": "Ruszamy w drogę"},
            descriptions={
                "en": "Placed your first order. The trail starts here.",
                "pl": "Pierwsze zamówienie złożone. Szlak zaczyna się tutaj.",
            },
            background_color="#1B3F8F",
            text_color="#FFF1D6",
            display_rank=10,
            share=0.81,
        ),
        DemoBadge(
            system_code="summit_seeker",
            icon="mountain.svg",
            names={"en": "Summit Seeker", "pl": "Na tropie szczytów"},
            descriptions={
                "en": "Logged five peaks on our trail map.",
                "pl": "Pięć szczytów odnotowanych na naszej mapie szlaków.",
            },
            background_color="#FFE6CF",
            text_color="#24435E",
            display_rank=20,
            share=0.23,
        ),
        DemoBadge(
            system_code="weekend_streak",
            icon="streak-flame.svg",
            names={"en": "Keep It Burning", "pl": "Podtrzymaj ogień"},
            descriptions={
                "en": "Out on the trail four weekends in a row.",
                "pl": "Cztery weekendy z rzędu na szlaku.",
            },
            background_color="#FFE7DA",
            text_color="#7A1F24",
            display_rank=30,
            share=0.19,
            repeatable=True,
        ),
        DemoBadge(
            system_code="leave_no_trace",
            icon="leaf.svg",
            names={"en": "Leave No Trace", "pl": "Bez śladu"},
            descriptions={
                "en": "Had worn gear repaired instead of thrown away.",
                "pl": "Zużyty sprzęt naprawiony, a nie wyrzucony.",
            },
            background_color="#123F2B",
            text_color="#E6F7C8",
            display_rank=40,
            share=0.33,
            repeatable=True,
        ),
        DemoBadge(
            system_code="field_notes",
            icon="review-quill.svg",
            names={"en": "Field Notes", "pl": "Notatki z terenu"},
            descriptions={
                "en": "Reviewed gear after at least a month of real use.",
                "pl": "Recenzja sprzętu po co najmniej miesiącu w terenie.",
            },
            background_color="#F5E3F2",
            text_color="#4B1A50",
            display_rank=50,
            share=0.26,
            repeatable=True,
        ),
        DemoBadge(
            system_code="far_horizons",
            icon="globe-traveller.svg",
            names={"en": "Far Horizons", "pl": "Dalekie horyzonty"},
            descriptions={
                "en": "Checked in from trails in three different countries.",
                "pl": "Meldunki ze szlaków w trzech różnych krajach.",
            },
            background_color="#E1F0FA",
            text_color="#163A74",
            display_rank=60,
            share=0.14,
        ),
        DemoBadge(
            system_code="pathfinder_circle",
            icon="vip-diamond.svg",
            names={"en": "Pathfinder Circle", "pl": "Krąg tropicieli"},
            descriptions={
                "en": "By invitation: try next season's gear before anybody else.",
                "pl": "Na zaproszenie: sprzęt z przyszłego sezonu w Twoich rękach przed premierą.",
            },
            background_color="#20304F",
            text_color="#FFE9B3",
            display_rank=70,
            share=0.05,
            permissions_enabled=True,
        ),
        DemoBadge(
            system_code="night_owl",
            icon="night-owl.svg",
            names={"en": "Full Moon Hiker", "pl": "W blasku pełni"},
            descriptions={
                "en": "Joined last autumn's guided hike under a full moon.",
                "pl": "Udział w jesiennej wędrówce z przewodnikiem przy pełni księżyca.",
            },
            background_color="#ECEBFF",
            text_color="#2B2C7A",
            display_rank=80,
            share=0.11,
            # Last autumn's hike is over; the badge stays with those who walked it.
            active=False,
        ),
    ),
)

DEMO_STORES = (DEFAULT_STORE, OUTDOOR_STORE)
