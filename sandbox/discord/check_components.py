"""The rules of buttons, selects, layouts and modals (Discord's reference, "Components")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .jsons import as_object
from .message import BUTTON, LINK_STYLE, walk

if TYPE_CHECKING:
    from .errors import FormErrors
from .jsons import Json

ROW = 1
STRING_SELECT = 3
TEXT_INPUT = 4
SELECTS = (3, 5, 6, 7, 8)
SECTION = 9
TEXT = 10
CONTAINER = 17
LABEL = 18
LAYOUT_TYPES = (1, 9, 10, 12, 13, 14, 17)
CONTAINER_TYPES = (1, 9, 10, 12, 13, 14)
MODAL_INPUTS = (3, 4, 5, 6, 7, 8, 19, 21, 22, 23)

ROWS = 5
BUTTONS = 5
OPTIONS = 25
CUSTOM_ID = 100
BUTTON_LABEL = 80
BUTTON_URL = 512
V2_COMPONENTS = 40
V2_TEXT = 4000
PREMIUM_STYLE = 6


def check_components(errors: FormErrors, value: object, *, v2: bool) -> None:
    """Demand a message's components within Discord's limits."""
    components: list[Json] = errors.items("components", value, high=V2_COMPONENTS if v2 else ROWS)
    everything = list(walk(components))
    if v2:
        _check_v2_totals(errors, everything)
    for index, component in enumerate(components):
        path = f"components.{index}"
        kind = component.get("type")
        if kind not in (LAYOUT_TYPES if v2 else (ROW,)):
            errors.add(path, "UNION_TYPE_CHOICES", f"Type {kind} cannot stand here.")
        else:
            _check_layout(errors, path, component)
    ids = [one["custom_id"] for one in everything if one.get("custom_id") is not None]
    errors.unique("components", ids, "COMPONENT_CUSTOM_ID_DUPLICATED")


def _check_v2_totals(errors: FormErrors, everything: list[Json]) -> None:
    if len(everything) > V2_COMPONENTS:
        errors.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"At most {V2_COMPONENTS} components.")
    if sum(len(str(one.get("content", ""))) for one in everything) > V2_TEXT:
        errors.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"At most {V2_TEXT} characters.")


def _check_layout(errors: FormErrors, path: str, component: Json) -> None:
    match component["type"]:
        case 1:
            _check_row(errors, path, component)
        case 9:
            errors.items(f"{path}.components", component.get("components"), low=1, high=3)
            accessory = as_object(component.get("accessory"))
            if accessory.get("type") == BUTTON:
                _check_button(errors, f"{path}.accessory", accessory)
        case 10:
            errors.text(f"{path}.content", component.get("content"), high=V2_TEXT, low=1)
        case 12:
            _check_gallery(errors, path, component)
        case 17:
            _check_container(errors, path, component)
        case _:
            pass


def _check_gallery(errors: FormErrors, path: str, component: Json) -> None:
    for index, item in enumerate(errors.items(f"{path}.items", component.get("items"), low=1, high=10)):
        errors.text(f"{path}.items.{index}.description", item.get("description"), high=1024)
        errors.text(f"{path}.items.{index}.media.url", as_object(item.get("media")).get("url"), low=1, high=2048)


def _check_container(errors: FormErrors, path: str, component: Json) -> None:
    for index, child in enumerate(errors.items(f"{path}.components", component.get("components"), low=1, high=39)):
        inner = f"{path}.components.{index}"
        if child.get("type") not in CONTAINER_TYPES:
            errors.add(inner, "UNION_TYPE_CHOICES", f"Type {child.get('type')} cannot stand in a container.")
        else:
            _check_layout(errors, inner, child)


def _check_row(errors: FormErrors, path: str, row: Json) -> None:
    children: list[Json] = errors.items(f"{path}.components", row.get("components"), low=1, high=BUTTONS)
    if any(child.get("type") in SELECTS for child in children) and len(children) > 1:
        errors.add(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select menu fills its row.")
    for index, child in enumerate(children):
        inner = f"{path}.components.{index}"
        if child.get("type") == BUTTON:
            _check_button(errors, inner, child)
        elif child.get("type") in SELECTS:
            check_select(errors, inner, child)
        else:
            errors.add(inner, "UNION_TYPE_CHOICES", f"Type {child.get('type')} cannot stand in a row.")


def _check_button(errors: FormErrors, path: str, button: Json) -> None:
    style = button.get("style")
    if not isinstance(style, int) or not 1 <= style <= PREMIUM_STYLE:
        errors.add(f"{path}.style", "BASE_TYPE_CHOICES", "A style of 1 to 6 is required.")
        return
    errors.text(f"{path}.label", button.get("label"), high=BUTTON_LABEL)
    if style != PREMIUM_STYLE and not button.get("label") and not button.get("emoji"):
        errors.add(path, "BUTTON_COMPONENT_MUST_HAVE_LABEL_OR_EMOJI", "A button needs a label or an emoji.")
    if style == LINK_STYLE:
        _check_link(errors, path, button)
    elif style != PREMIUM_STYLE:
        errors.text(f"{path}.custom_id", button.get("custom_id"), high=CUSTOM_ID, low=1)
        if button.get("url") is not None:
            errors.add(f"{path}.url", "COMPONENT_URL_NOT_ALLOWED", "Only link buttons have an URL.")


def _check_link(errors: FormErrors, path: str, button: Json) -> None:
    if button.get("custom_id") is not None:
        errors.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_NOT_ALLOWED", "A link button has no custom id.")
    url = button.get("url")
    if errors.text(f"{path}.url", url, high=BUTTON_URL, low=1) and not _is_link(str(url)):
        errors.add(f"{path}.url", "BASE_TYPE_BAD_SCHEME", "The scheme must be one of ('http', 'https', 'discord').")


def _is_link(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "discord") and bool(parts.netloc)


def check_select(errors: FormErrors, path: str, select: Json) -> None:
    """Demand a select menu within Discord's limits."""
    errors.text(f"{path}.custom_id", select.get("custom_id"), high=CUSTOM_ID, low=1)
    errors.text(f"{path}.placeholder", select.get("placeholder"), high=150)
    errors.number(f"{path}.min_values", select.get("min_values"), low=0, high=OPTIONS)
    errors.number(f"{path}.max_values", select.get("max_values"), low=1, high=OPTIONS)
    if select.get("type") != STRING_SELECT:
        return
    options: list[Json] = errors.items(f"{path}.options", select.get("options"), low=1, high=OPTIONS)
    for index, option in enumerate(options):
        errors.text(f"{path}.options.{index}.label", option.get("label"), high=100, low=1)
        errors.text(f"{path}.options.{index}.value", option.get("value"), high=100, low=1)
        errors.text(f"{path}.options.{index}.description", option.get("description"), high=100)
    errors.unique(f"{path}.options", [one.get("value") for one in options], "SELECT_OPTION_VALUE_DUPLICATED")


def check_modal(errors: FormErrors, modal: Json) -> None:
    """Demand a modal within Discord's limits (reference, "Modal")."""
    errors.text("data.title", modal.get("title"), high=45, low=1)
    errors.text("data.custom_id", modal.get("custom_id"), high=CUSTOM_ID, low=1)
    components: list[Json] = errors.items("data.components", modal.get("components"), low=1, high=ROWS)
    for index, component in enumerate(components):
        _check_modal_part(errors, f"data.components.{index}", component)
    ids = [one["custom_id"] for one in walk(components) if one.get("custom_id") is not None]
    errors.unique("data.components", ids, "COMPONENT_CUSTOM_ID_DUPLICATED")


def _check_modal_part(errors: FormErrors, path: str, component: Json) -> None:
    match component.get("type"):
        case 1:
            children: list[Any] = errors.items(f"{path}.components", component.get("components"), low=1, high=1)
            for child in children:
                _check_modal_input(errors, f"{path}.components.0", child, labelled=False)
        case 10:
            errors.text(f"{path}.content", component.get("content"), high=V2_TEXT, low=1)
        case 18:
            errors.text(f"{path}.label", component.get("label"), high=45, low=1)
            errors.text(f"{path}.description", component.get("description"), high=100)
            _check_modal_input(errors, f"{path}.component", as_object(component.get("component")), labelled=True)
        case kind:
            errors.add(path, "UNION_TYPE_CHOICES", f"Type {kind} cannot stand in a modal.")


def _check_modal_input(errors: FormErrors, path: str, item: Json, *, labelled: bool) -> None:
    kind = item.get("type")
    if kind not in MODAL_INPUTS or (kind != TEXT_INPUT and not labelled):
        errors.add(path, "UNION_TYPE_CHOICES", f"Type {kind} cannot stand here.")
    elif kind in SELECTS:
        check_select(errors, path, item)
    elif kind != TEXT_INPUT:
        errors.text(f"{path}.custom_id", item.get("custom_id"), high=CUSTOM_ID, low=1)
    else:
        errors.text(f"{path}.custom_id", item.get("custom_id"), high=CUSTOM_ID, low=1)
        errors.text(f"{path}.label", item.get("label"), high=45, low=0 if labelled else 1)
        errors.text(f"{path}.placeholder", item.get("placeholder"), high=100)
        errors.text(f"{path}.value", item.get("value"), high=4000)
        errors.number(f"{path}.min_length", item.get("min_length"), low=0, high=4000)
        errors.number(f"{path}.max_length", item.get("max_length"), low=1, high=4000)
